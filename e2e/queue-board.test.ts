import { ADMIN_PASSWORD, hasRedisServer, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { makeBullMqInstallation } from "./bullmq-installation.ts";

const DAG = `import { Dag } from "tradewind";
export const dag = new Dag("waits", { isPausedUponCreation: false });
dag.task("on_gpu", async () => 1, { queue: "gpu" })();
`;

interface Board {
  queues: { name: string; displayName?: string; counts: Record<string, number>; readOnlyMode: boolean }[];
}

test.skipIf(!hasRedisServer())("operators see in a browser what waits in Redis, and can break nothing there", async () => {
  const { installation, redis } = await makeBullMqInstallation({ concurrency: 2, env: { TRADEWIND__DAGS__ALLOWED_QUEUES: "gpu" } });
  const url = installation.rest.url;
  installation.saveDag("waits.ts", DAG);
  await installation.untilKnown("waits");
  await installation.rest.trigger("waits");

  expect((await fetch(`${url}/queues`)).status).toBe(401);
  const session = await fetch(`${url}/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: ADMIN_PASSWORD }),
  });
  const cookie = session.headers.get("set-cookie")!.split(";")[0]!;
  const ask = (path: string, init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { cookie, ...init.headers } });

  const page = await ask("/queues", { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  const scripts = [...(await page.text()).matchAll(/src="([^"]+\.js)"/g)].map(([, path]) => path!);
  expect(scripts.length).toBeGreaterThan(0);
  const script = await ask(`/queues/${scripts[0]}`);
  expect(script.headers.get("content-type")).toContain("javascript");
  // A body that nobody reads would keep its connection, and the server, from ending.
  await script.arrayBuffer();

  // No worker runs: the job stays where it can be seen.
  const gpu = await until("the job", async () => {
    const { queues } = (await (await ask("/queues/api/queues")).json()) as Board;
    return queues.find((queue) => queue.name === "{gpu}" && Object.values(queue.counts).some((count) => count > 0));
  });
  expect(gpu).toMatchObject({ displayName: "gpu", readOnlyMode: true, counts: { prioritized: 1 } });

  const pause = (site: string) =>
    ask(`/queues/api/queues/${encodeURIComponent("{gpu}")}/pause`, { method: "PUT", headers: { "sec-fetch-site": site } });
  expect((await pause("cross-site")).status).toBe(403);
  expect((await pause("same-origin")).status).toBe(405);

  // Nobody waits for a Redis that is away.
  await redis.stop();
  const away = await until("an answer without Redis", async () => {
    const answer = await ask("/queues/api/queues", { signal: AbortSignal.timeout(10_000) });
    const body = (await answer.json()) as { detail?: string };
    return answer.status === 503 && body;
  });
  expect(away.detail).toMatch(/^Redis at redis:.* cannot be reached now/u);
  await redis.restart();
  await until("the page again", async () => (await ask("/queues/api/queues")).status === 200);
});
