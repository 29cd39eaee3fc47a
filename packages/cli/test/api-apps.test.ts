import { existsSync } from "node:fs";
import { join } from "node:path";
import { createSignedTokens } from "@tradewind/api";
import { CONTRACT_VERSION, CONTRACT_VERSION_HEADER } from "@tradewind/contract";
import { createTestDatabase } from "@tradewind/metadata/testing";
import { expect, onTestFinished, test } from "vitest";
import { uiFolder } from "../src/services/ui-folder.ts";
import { askCli, type CliOptions, freePort, makeHome, runCli, startCli, until } from "./cli-process.ts";

const EXECUTION_KEY = "signs tokens of hosts in this test";
const PASSWORD = "password of a test";

interface Place {
  options: CliOptions;
  /** Whether something answers there, and how. */
  look(): Promise<{ ui: boolean; api: boolean; execution: boolean }>;
  rest: string;
  /** A heartbeat of a host that is not known: goes through the token's check to the database and back. */
  beat(): Promise<number>;
}

async function makePlace(): Promise<Place> {
  const home = makeHome();
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const [port, executionPort] = [await freePort(), await freePort()];
  const [rest, execution] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${executionPort}`];
  const env = {
    TRADEWIND__DATABASE__URL: database.url,
    TRADEWIND__API__PORT: String(port),
    TRADEWIND__EXECUTION_API__PORT: String(executionPort),
    TRADEWIND__EXECUTION_API__SECRET_KEY: EXECUTION_KEY,
    TRADEWIND__SECURITY__ADMIN_PASSWORD: PASSWORD,
    TRADEWIND_API_URL: rest,
    TRADEWIND_API_USER: "admin",
    TRADEWIND_API_PASSWORD: PASSWORD,
  };
  const statusOf = async (url: string, accept = "application/json"): Promise<number | null> =>
    fetch(url, { headers: { accept } }).then(
      ({ status }) => status,
      () => null,
    );
  const token = createSignedTokens({ secretKey: EXECUTION_KEY }).issue("host", "nobody", 600_000);
  return {
    options: { home, env },
    rest,
    look: async () => ({
      ui: (await statusOf(`${rest}/dags`, "text/html")) === 200,
      api: (await statusOf(`${rest}/api/v2/version`)) === 200,
      // Asked without a token: it is there, and says no.
      execution: (await statusOf(`${execution}/execution/v1/hosts`)) !== null,
    }),
    async beat() {
      const response = await fetch(`${execution}/execution/v1/heartbeat`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", [CONTRACT_VERSION_HEADER]: String(CONTRACT_VERSION) },
        body: JSON.stringify({ hostId: "nobody", attempts: [], queued: [] }),
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** Starts an API server with some of its apps, and gives how to stop it. */
async function startApps(place: Place, apps: string): Promise<{ pid: number; stop(): Promise<void> }> {
  const child = startCli(["api-server", "--apps", apps], place.options);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const words = apps.includes("api") ? "the REST API is ready" : apps.includes("ui") ? "the pages are ready" : "the execution API is ready";
  await until(`the API server with ${apps}`, () => {
    if (child.exitCode !== null) throw new Error(`api-server ended with ${child.exitCode}:\n${child.output()}`);
    return child.output().includes(words);
  });
  return {
    pid: child.pid,
    async stop() {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

const isUiBuilt = existsSync(join(uiFolder(), "index.html"));

test("an API server serves the parts that it is told to, and nothing else", async () => {
  const place = await makePlace();
  for (const apps of ["ui", "api", "execution", "ui,api,execution"]) {
    const server = await startApps(place, apps);
    const parts = apps.split(",");
    // Without the REST API there is nobody to say that a page is not there but the one that has the pages.
    expect({ apps, ...(await place.look()) }).toEqual({
      apps,
      ui: parts.includes("ui") && isUiBuilt,
      api: parts.includes("api"),
      execution: parts.includes("execution"),
    });
    await server.stop();
  }
  const wrong = await runCli(["api-server", "--apps", "ui,worker"], place.options);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('An API server has no part "worker".')]);
}, 180_000);

test("what browsers do holds up no worker when the execution API is a process of its own", async () => {
  const place = await makePlace();
  const people = await startApps(place, "ui,api");
  const execution = await startApps(place, "execution");
  expect(await place.beat()).toBe(404);

  // Browsers ask for more than the server can do, and then it does nothing at all for a while: no slow request could be slower.
  let answered = 0;
  const flood = Array.from({ length: 200 }, () =>
    fetch(`${place.rest}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "admin", password: PASSWORD }),
    }).then(
      (response) => response.arrayBuffer().then(() => (answered += 1)),
      () => undefined,
    ),
  );
  process.kill(people.pid, "SIGSTOP");
  const before = answered;
  for (let round = 0; round < 20; round += 1) expect(await place.beat()).toBe(404);
  expect(answered).toBe(before);
  process.kill(people.pid, "SIGCONT");
  await Promise.all(flood);
  expect(answered).toBeGreaterThan(before);
  await Promise.all([people.stop(), execution.stop()]);
}, 180_000);

test("users, tokens and grants by command", async () => {
  const place = await makePlace();
  const { options } = place;
  const server = await startApps(place, "api");
  await askCli(["users", "create", "ann", "--role", "Public", "--password", PASSWORD, "--email", "ann@example.com"], options);
  expect(await askCli<{ username: string; role: string }[]>(["users", "list"], options)).toMatchObject([
    { username: "admin" },
    { username: "ann", role: "Public" },
  ]);
  expect((await runCli(["users", "set", "ann"], options)).code).toBe(2);
  expect(await askCli(["users", "set", "ann", "--role", "Viewer"], options)).toMatchObject({ role: "Viewer" });

  const grant = await askCli<{ id: number }>(["grants", "add", "--user", "ann", "--dag", "sales_*", "--actions", "edit,delete"], options);
  expect(await askCli(["grants", "list"], options)).toMatchObject([
    { id: grant.id, username: "ann", dag_id: "sales_*", actions: ["read", "edit", "delete"] },
  ]);
  expect((await runCli(["grants", "add", "--user", "ann"], options)).code).toBe(2);
  await askCli(["grants", "delete", String(grant.id)], options);

  const ann = { ...options, env: { ...options.env, TRADEWIND_API_USER: "ann" } };
  const made = await runCli(["tokens", "create", "ci"], ann);
  const token = made.stdout.trim();
  expect(token).toMatch(/^tw_[\w-]{43}$/);
  const program: CliOptions = {
    home: options.home,
    env: { ...options.env, TRADEWIND_API_USER: "", TRADEWIND_API_PASSWORD: "", TRADEWIND_API_TOKEN: token },
  };
  expect((await runCli(["dags", "list"], program)).code).toBe(0);
  expect((await runCli(["users", "list"], program)).code).not.toBe(0);
  const [listed] = await askCli<{ id: string; name: string }[]>(["tokens", "list"], ann);
  await askCli(["tokens", "revoke", listed!.id], ann);
  expect((await runCli(["dags", "list"], program)).stderr).toContain("revoked");

  await askCli(["users", "reset-password", "ann", "--password", "another password"], options);
  expect((await runCli(["dags", "list"], ann)).code).not.toBe(0);
  await askCli(["users", "delete", "ann"], options);

  // What commands change without the server is in the audit log as well.
  await askCli(["db", "rotate-keys"], options);
  const answer = await fetch(`${place.rest}/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: PASSWORD }),
  });
  const { access_token: admin } = (await answer.json()) as { access_token: string };
  const log = await fetch(`${place.rest}/api/v2/eventLogs?limit=100`, { headers: { authorization: `Bearer ${admin}` } });
  const { event_logs: entries } = (await log.json()) as { event_logs: { event: string; owner: string }[] };
  const told = entries.map(({ event, owner }) => `${event} by ${owner}`);
  expect(told).toEqual(
    expect.arrayContaining(["post_user by tradewind", "post_user by admin", "reset_password by admin", "post_access_token by ann"]),
  );
  expect(told.filter((one) => one.startsWith("cli_rotate_fernet_key by "))).toHaveLength(1);
  await server.stop();
}, 180_000);
