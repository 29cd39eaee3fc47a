import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@tradewind/metadata/testing";
import { freePort, RestClient, startRedis, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { type ComposeService, type Container, mountImage, startContainer } from "./image-container.ts";

/** The name of an image that was built from docker/Dockerfile, for buildah; as root, with buildah and runc installed. */
const IMAGE = process.env["TRADEWIND_TEST_IMAGE"];
if (IMAGE === undefined)
  console.warn(
    "TRADEWIND_TEST_IMAGE names no image: the test of docker/Dockerfile is left out. docs/deployment.md says how to build one and run it.",
  );
const DOCKER = join(import.meta.dirname, "../docker");

interface Compose {
  services: Record<string, ComposeService>;
}

/**
 * The services of docker/compose.yaml from the image itself, one container each, with their own commands, settings, secrets and health checks. What differs from compose: the network is the
 * machine's, so that names of hosts become addresses and ports are free ones; PostgreSQL and Redis are programs of this machine.
 */
test.skipIf(IMAGE === undefined)("the image runs every service of the compose file, and a DAG over its workers", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tw-image-"));
  const { rootfs, unmount } = mountImage(IMAGE!);
  const containers: Container[] = [];
  onTestFinished(async () => {
    await Promise.all(containers.map((container) => container.end("KILL").catch(() => undefined)));
    unmount();
    rmSync(folder, { recursive: true, force: true });
  });
  const { services } = parse(readFileSync(join(DOCKER, "compose.yaml"), "utf8"), { merge: true }) as Compose;

  cpSync(join(DOCKER, "make-secrets.sh"), join(folder, "make-secrets.sh"));
  execFileSync("sh", [join(folder, "make-secrets.sh")]);
  const secretsDir = join(folder, "secrets");
  const secret = (name: string): string => readFileSync(join(secretsDir, name), "utf8");
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  chmodSync(join(secretsDir, "database_url"), 0o644);
  writeFileSync(join(secretsDir, "database_url"), database.url);
  const redis = await startRedis(join(folder, "redis"), { args: ["--requirepass", secret("redis_password")] });
  onTestFinished(() => redis.stop());
  const projectDir = join(folder, "project");
  cpSync(join(DOCKER, "project"), projectDir, { recursive: true });

  const [apiPort, executionPort] = [await freePort(), await freePort()];
  const here = {
    TRADEWIND__REDIS__URL: redis.url,
    TRADEWIND__EXECUTION_API__URL: `http://127.0.0.1:${executionPort}`,
    TRADEWIND__API__PORT: String(apiPort),
    TRADEWIND__EXECUTION_API__PORT: String(executionPort),
  };
  const start = (name: string, env: Record<string, string> = {}): Container => {
    const container = startContainer(name, services[name]!, { ...here, ...env }, { rootfs, folder, secretsDir, projectDir });
    containers.push(container);
    return container;
  };
  const healthOf = (container: Container) => {
    const { code, output } = container.exec(services[container.name]!.healthcheck.test.slice(1));
    return code === 0 ? "healthy" : output;
  };
  const becomes = async (container: Container, timeoutMs = 60_000): Promise<void> => {
    let found = "";
    await until(
      `${container.name} to be healthy`,
      () => container.ended() === undefined && (found = healthOf(container)) === "healthy",
      timeoutMs,
    ).catch(() => {
      throw new Error(`${container.name} did not become healthy: ${found}\n${container.output().slice(-4_000)}`);
    });
  };

  const migrate = start("migrate");
  expect({
    code: await until("the end of migrate", () => migrate.ended() !== undefined && [migrate.ended()], 60_000),
    output: migrate.output(),
  }).toMatchObject({ code: [0] });
  const api = start("api");
  await becomes(api);
  const daemons = [start("scheduler"), start("dag-processor")];
  const workers = await Promise.all(
    ["worker-1", "worker-2"].map(async (name) =>
      start(name, { TRADEWIND__WORKER__HEALTH_PORT: String(await freePort()), TRADEWIND__WORKER__NAME: name }),
    ),
  );
  await Promise.all([...daemons, ...workers].map((container) => becomes(container)));

  // Nobody's user, an init, nothing to write to.
  const { output } = workers[0]!.exec(["sh", "-c", "id -u; cat /proc/1/comm; touch /opt/tradewind/x /srv/tradewind/x 2>&1 | grep -c 'Read-only'"]);
  expect(output.trim().split("\n")).toEqual(["10001", "tini", "2"]);

  // The user interface is in the image: the page, and what it loads.
  const page = await fetch(`http://127.0.0.1:${apiPort}/dags`, { headers: { accept: "text/html" } });
  const [, script] = /<script [^>]*src="(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
  const loaded = await fetch(`http://127.0.0.1:${apiPort}${script}`);
  expect([page.status, loaded.status, loaded.headers.get("content-type")]).toEqual([200, 200, expect.stringContaining("javascript")]);
  expect((await loaded.text()).length).toBeGreaterThan(10_000);

  const rest = new RestClient(`http://127.0.0.1:${apiPort}`, secret("admin_password"));
  await until("the DAG", async () => (await rest.call<{ total_entries: number }>("GET", "/dags")).total_entries === 1, 60_000);
  const runId = await rest.trigger("hello_workers");
  await until(
    "the run",
    async () => (await rest.call<{ state: string }>("GET", `/dags/hello_workers/dagRuns/${encodeURIComponent(runId)}`)).state === "success",
    60_000,
  );
  const summary = await rest.call<{ value: string }>(
    "GET",
    `/dags/hello_workers/dagRuns/${encodeURIComponent(runId)}/taskInstances/summary/xcomEntries/return_value`,
  );
  expect(summary.value).toContain("hello Ada, hello Grace");

  // Children of runners and of the dag-processor started from what is packed in the image, and nothing was packed anew.
  const programs = workers[0]!.exec([
    "sh",
    "-c",
    "ls /opt/tradewind/node_modules/.cache/tradewind-programs; find /var/lib/tradewind /tmp -name 'tradewind-program-*'",
  ]);
  expect(programs.output.trim().split("\n")).toEqual([expect.stringMatching(/^tradewind-program-/), expect.stringMatching(/^tradewind-program-/)]);

  const listed = await rest.call<{ workers: { name: string; state: string }[] }>("GET", "/workers");
  expect(listed.workers.map(({ name, state }) => `${name} ${state}`)).toEqual(["worker-1 running", "worker-2 running"]);

  // Signals go through the init, and each service ends in order.
  const codes = await Promise.all([...workers, ...daemons, api].map((container) => container.end("TERM")));
  expect(codes).toEqual(codes.map(() => 0));
});
