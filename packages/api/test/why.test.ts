import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let engine: Engine;
const server = useTestServer({
  makeEngine: ({ db, hot }) =>
    (engine = createEngine({
      db,
      hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: () => "",
      defaultExecutor: "local",
      listens: false,
    })),
});
afterAll(() => engine.close());

beforeAll(async () => {
  const { db } = server.database;
  const each = taskSpec("each", { mapping: { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: [1, 2] } } } });
  await seedDag(db, { spec: dagSpec("sales", { tasks: [taskSpec("a"), each] }) });
  const dagRunId = await seedDagRun(db, { dagId: "sales", runId: "manual__1 +x", state: "running" });
  await seedTaskInstance(db, { dagRunId, taskId: "a", state: "up_for_retry" });
  await seedTaskInstance(db, { dagRunId, taskId: "each", mapIndex: 0, state: "success" });
  await seedTaskInstance(db, { dagRunId, taskId: "each", mapIndex: 1, state: "queued" });
});

const run = `/ui/why/sales/${encodeURIComponent("manual__1 +x")}`;

it.each([
  ["a DAG", "/ui/why/sales", { subject: { dag_id: "sales", dag_run_id: null }, status: "waiting" }, "no_schedule"],
  ["a run", run, { subject: { dag_run_id: "manual__1 +x", task_id: null }, status: "running" }, "retry_delay"],
  ["a task instance", `${run}/a`, { subject: { task_id: "a", map_index: -1, state: "up_for_retry" }, status: "waiting" }, "retry_delay"],
  ["a mapped task: the instance that tells most", `${run}/each`, { subject: { task_id: "each", map_index: 1 } }, "queued_at_executor"],
  ["one instance of it", `${run}/each/0`, { subject: { map_index: 0 }, status: "ended" }, "succeeded"],
])("tells why %s is not running", async (_what, path, expected, code) => {
  const answer = await server.call("GET", path, { role: "Viewer" });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject(expected);
  expect(answer.json<{ causes: { code: string }[] }>().causes.map((cause) => cause.code)).toContain(code);
});

it("answers 404 for what is not there, and tells nobody who may not read it", async () => {
  expect((await server.call("GET", "/ui/why/no")).json()).toMatchObject({ code: "dag_not_found" });
  expect((await server.call("GET", "/ui/why/sales/no")).json()).toMatchObject({ code: "dag_run_not_found" });
  expect((await server.call("GET", `${run}/each/7`)).json()).toMatchObject({ code: "task_instance_not_found" });
  expect((await server.call("GET", run, { role: "Public" })).statusCode).toBe(403);
});
