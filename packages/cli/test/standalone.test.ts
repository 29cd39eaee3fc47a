import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askCli, type CliOptions, freePort, makeHome, processesOf, runCli, startCli, until } from "./cli-process.ts";

const READY = /Tradewind is ready at (http:\/\/\S+) {3}user: (\S+) {3}password: (\S+)/;

async function startStandalone(home: string, args: string[] = ["--no-examples"]) {
  mkdirSync(join(home, "dags"), { recursive: true });
  const port = await freePort();
  const options: CliOptions = { home, env: { TRADEWIND__EXECUTION_API__PORT: String(await freePort()) } };
  const child = startCli(["standalone", "--port", String(port), "--dags", join(home, "dags"), ...args], options);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = await Promise.race([
    until("standalone to be ready", () => READY.exec(child.output()) ?? undefined, 60_000),
    ended.then((code) => {
      throw new Error(`standalone ended with ${code}:\n${child.output()}`);
    }),
  ]);
  return { child, ended, options, port, url: ready[1]!, password: ready[3]! };
}

const dag = (dagId: string, body: string): string =>
  `import { Dag, getContext } from "tradewind";\nexport const dag = new Dag("${dagId}");\n${body}\n`;

interface Dag {
  dag_id: string;
  is_paused: boolean;
}
interface Run {
  dag_run_id: string;
  state: string;
}

test("from an empty home: ready, a dropped file is live, runs, is read, broken, mended; SIGTERM leaves no process", async () => {
  const home = makeHome();
  const { child, ended, options, url, password } = await startStandalone(home);
  const tw = join(home, "tw");

  // The secrets are their owner's only, and the password was really shown.
  expect(statSync(tw).mode & 0o077).toBe(0);
  expect(readFileSync(join(tw, "admin-password"), "utf8").trim()).toBe(password);
  for (const file of ["admin-password", "fernet-key", "api-secret-key", "execution-api-secret-key"])
    expect(statSync(join(tw, file)).mode & 0o777).toBe(0o600);

  const file = join(home, "dags", "sales.ts");
  writeFileSync(
    file,
    dag("sales", `dag.task("count", async () => { console.log("counting"); getContext().log.info({ rows: 3 }, "counted"); return 3; })();`),
  );
  const found = await until("the DAG to be listed", async () =>
    (await askCli<Dag[]>(["dags", "list"], options)).find(({ dag_id: id }) => id === "sales"),
  );
  expect(found.is_paused).toBe(false);

  const run = await askCli<Run>(["dags", "trigger", "sales", "--wait", "--timeout", "30"], options);
  expect(run.state).toBe("success");
  expect((await runCli(["tasks", "state", "sales", "count"], options)).stdout).toBe("success\n");
  const logs = await runCli(["tasks", "logs", "sales", "count", "--follow"], options);
  expect(logs.stdout).toContain("counting");
  expect(logs.stdout).toContain("counted rows=3");
  expect((await askCli<Run[]>(["runs", "list", "sales"], options)).map(({ state }) => state)).toEqual(["success"]);

  writeFileSync(file, dag("sales", `dag.task("count", async () => { throw ;`));
  const broken = await until("the import error", async () => {
    const answer = await runCli(["dags", "errors"], options);
    return answer.code === 1 && answer.stdout.includes("sales.ts") ? answer.stdout : undefined;
  });
  expect(broken).toMatch(/sales\.ts:3/);
  expect(broken).toContain("throw ;");

  writeFileSync(file, dag("sales", `dag.task("count", async () => { throw new Error("no luck"); })();`));
  await until("the file to load again", async () => (await runCli(["dags", "errors"], options)).code === 0);
  const failed = await runCli(["dags", "trigger", "sales", "--wait", "--timeout", "30"], options);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("Task count failed");
  const why = await runCli(["why", "sales", "latest"], options);
  expect(why.stdout).toMatch(/^sales {2}manual__\S+ {2}failed\n {2}failed {2}It failed: 1 task instance failed\./);
  expect(why.stdout).toMatch(/\n {2}failed {4}count: It failed: No luck\. \((\d+ s ago|now)\)\n/);
  expect(await askCli(["why", "sales", "latest", "count"], options)).toMatchObject({
    status: "ended",
    causes: [{ code: "failed", action: { id: "clear_task" } }],
  });
  expect((await runCli(["why", "sales", "never"], options)).code).not.toBe(0);
  expect((await runCli(["why", "sales"], options)).stdout).toContain("no_schedule");

  expect((await fetch(`${url}/api/v2/monitor/health`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  // Those that were told to end with it may take a moment to be gone.
  await until("the end of all processes", async () => processesOf(home).length === 0, 5_000);
  expect(existsSync(join(tw, "run", "api-server.json"))).toBe(false);
}, 120_000);

test("what was killed −9 leaves its running task, which the next start adopts and sees succeed; the password is not shown again", async () => {
  const home = makeHome();
  const first = await startStandalone(home);
  writeFileSync(
    join(home, "dags", "slow.ts"),
    dag(
      "slow",
      `dag.task("wait", async () => { const { existsSync, appendFileSync } = await import("node:fs"); appendFileSync("${home}/started", "x"); while (!existsSync("${home}/go")) await new Promise((r) => setTimeout(r, 20)); return "done"; })();`,
    ),
  );
  await until("the DAG to be listed", async () => (await askCli<Dag[]>(["dags", "list"], first.options)).some(({ dag_id: id }) => id === "slow"));
  await askCli(["dags", "trigger", "slow"], first.options);
  await until("the task to run", () => existsSync(join(home, "started")));

  first.child.kill("SIGKILL");
  await first.ended;
  await until("PostgreSQL to end with it", () => !processesOf(home).some(({ command }) => command.includes("postgres:")));
  expect(processesOf(home).length).toBeGreaterThan(0);

  const second = await startStandalone(home);
  expect(second.password).toBe("********");
  writeFileSync(join(home, "go"), "");
  const run = await until("the run to succeed", async () => {
    const [latest] = await askCli<Run[]>(["runs", "list", "slow"], second.options);
    return latest?.state === "success" || latest?.state === "failed" ? latest : undefined;
  });
  expect(run.state).toBe("success");
  expect(readFileSync(join(home, "started"), "utf8")).toBe("x");

  second.child.kill("SIGINT");
  expect(await second.ended).toBe(0);
  expect(processesOf(home)).toEqual([]);
}, 120_000);

test("a busy port is named at once, with what to do", async () => {
  const home = makeHome();
  const { child, ended, options, port } = await startStandalone(home);
  const other = makeHome();
  const { code, stderr } = await runCli(["standalone", "--port", String(port)], { home: other });
  expect(code).toBe(2);
  expect(stderr).toContain(`Port ${port} of 127.0.0.1, for the REST API, is in use by another program.`);
  expect(stderr).toContain("--port");
  expect(processesOf(other)).toEqual([]);

  // Pools, variables and connections over the same server.
  await askCli(["pools", "set", "warehouse", "4"], options);
  expect(await askCli(["pools", "get", "warehouse"], options)).toMatchObject({ name: "warehouse", slots: 4 });
  await askCli(["variables", "set", "region", "eu"], options);
  expect((await runCli(["variables", "get", "region"], options)).stdout).toBe("eu\n");
  await askCli(["connections", "set", "db", "postgres://user:secret@db.example.com:5432/sales"], options);
  expect(await askCli(["connections", "get", "db"], options)).toMatchObject({ conn_type: "postgres", host: "db.example.com", login: "user" });
  expect((await runCli(["variables", "delete", "nope"], options)).code).toBe(5);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 120_000);

test("without a server: exit code 3, and how to start one", async () => {
  const home = makeHome();
  const { code, stderr } = await runCli(["dags", "list", "--url", `http://127.0.0.1:${await freePort()}`], { home });
  expect(code).toBe(3);
  expect(stderr).toContain("No Tradewind server answers");
  expect(stderr).toContain("npm start");
});
