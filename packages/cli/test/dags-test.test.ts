import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeHome, runCli } from "./cli-process.ts";

const ORDERS = `
import { Dag, FailTask, getClient, getContext, RetryTask } from "tradewind";
export const dag = new Dag("orders", { params: { shop: "north" } });
const read = dag.task("read", async () => {
  const { attempt, params, log } = getContext();
  console.log("printed by the task");
  if (attempt.tryNumber < 2) throw new RetryTask("not yet", { after: "10m" });
  log.info({ shop: params.shop }, "reading");
  return { region: await getClient().variables.get("region"), host: (await getClient().connections.get("warehouse")).host };
}, { retries: 2 });
const use = dag.task("use", async ({ facts }: { facts: { region: string } }) => facts.region.length);
use({ facts: read() });
`;

interface TestedRun {
  state: string;
  task_instances: {
    task_id: string;
    state: string;
    try_number: number;
    error: string | null;
    xcoms: Record<string, unknown>;
    log: { event: string; level: string }[];
  }[];
}

test("a DAG runs without server and database: retries at once, variables and connections from the environment, logs", async () => {
  const home = makeHome();
  const file = join(home, "orders.ts");
  writeFileSync(file, ORDERS);
  const env = { TRADEWIND_VAR_REGION: "eu", TRADEWIND_CONN_WAREHOUSE: "postgres://u:p@db.example.com/x" };
  const { code, stdout } = await runCli(["dags", "test", file, "--conf", '{"shop": "south"}', "--output", "json"], { home, env });
  const run = JSON.parse(stdout) as TestedRun;
  const [read, use] = run.task_instances;
  expect(code).toBe(0);
  expect(run.state).toBe("success");
  expect(read).toMatchObject({ task_id: "read", state: "success", try_number: 2, xcoms: { return_value: { region: "eu", host: "db.example.com" } } });
  expect(read!.log.map((line) => line.event)).toEqual(
    expect.arrayContaining(["printed by the task", expect.stringContaining("The next one follows at once (10m in a real run)"), "reading"]),
  );
  expect(use).toMatchObject({ state: "success", xcoms: { return_value: 2 } });
});

test("a failing task fails the command, and its stack names the author's line", async () => {
  const home = makeHome();
  const file = join(home, "broken.ts");
  writeFileSync(
    file,
    `import { Dag } from "tradewind";\nexport const dag = new Dag("broken");\ndag.task("boom", async () => {\n  throw new Error("no luck");\n})();\n`,
  );
  const { code, stdout } = await runCli(["dags", "test", file], { home });
  expect(code).toBe(1);
  expect(stdout).toContain("no luck");
  expect(stdout).toContain("broken.ts:4");
  expect(stdout).toContain("The run is a failure: 1 failed.");
});

test("a file that does not load is told with file, line and code", async () => {
  const home = makeHome();
  const file = join(home, "bad.ts");
  writeFileSync(file, `import { Dag } from "tradewind";\nexport const dag = new Dag("bad"\n`);
  const { code, stderr } = await runCli(["dags", "test", file], { home });
  expect(code).toBe(2);
  expect(stderr).toContain("bad.ts does not load");
  expect(stderr).toMatch(/bad\.ts:\d/);
});

test("a DAG can be named by its id; one that is nowhere ends with 5", async () => {
  const home = makeHome();
  const named = await runCli(["dags", "test", "hello", "--conf", '{"name": "Ada"}'], { home });
  expect(named.code).toBe(0);
  expect(named.stdout).toContain("HELLO, ADA!");
  const unknown = await runCli(["dags", "test", "no_such_dag"], { home });
  expect(unknown.code).toBe(5);
});
