import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, HOST, ok, SCHEDULER, startEngine, statesOf, storeDags, task, trigger, untilBlocked } from "./fixture.ts";

/** The commit of a step travels with its last statements: what then cannot be asked or done any more. */
const database = useTestDatabase();
let engine: Engine;
/** Of another process: what that one has in memory, this one has not. */
let other: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
  other = await startEngine(database);
});
afterAll(async () => {
  await engine.close();
  await other.close();
});

const start = async (by: Engine, starts: string[]) => (await by.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null })).granted;

test("what another process dispatched, of a version that this one has yet to read, begins with its inputs, also beside a task that is given at once", async () => {
  const inputs = { n: { kind: "xcom" as const, taskId: "first", key: "return_value", path: [] } };
  await storeDags(engine, dagSpec("strange", [task("first"), task("second", { upstream: ["first"], inputs })]));
  await storeDags(engine, dagSpec("known", [task("one"), task("two", { upstream: ["one"] })]));
  const strange = await trigger(engine, "strange");
  const [first] = await start(engine, await dispatchOnce(engine));
  await engine.exchange({
    hostId: HOST,
    starts: [],
    finishes: [{ attemptId: first!.attemptId, outcome: ok(7), durationMs: 1 }],
    want: 0,
    queues: null,
  });
  const second = await dispatchOnce(engine);

  const known = await trigger(other, "known");
  const [one] = await start(other, await dispatchOnce(other));
  const finishes = [{ attemptId: one!.attemptId, outcome: ok(), durationMs: 1 }];
  const { granted, next, finished } = await other.exchange({ hostId: HOST, starts: second, finishes, want: 1, queues: null });
  expect(finished).toMatchObject([{ accepted: true }]);
  expect(granted.map((grant) => [grant.context.taskId, grant.inputs])).toEqual([["second", '{"n":7}']]);
  expect(next.map((grant) => grant.context.taskId)).toEqual(["two"]);
  expect(await statesOf(database.db, strange.dagRunId)).toEqual({ first: "success", second: "running" });
  expect(await statesOf(database.db, known.dagRunId)).toEqual({ one: "success", two: "running" });
});

test("a task that is gone when it is taken leaves its place to another: dispatch says that there is more", async () => {
  await storeDags(
    engine,
    dagSpec(
      "wide",
      ["a", "b", "c"].map((id) => task(id)),
    ),
  );
  const { dagRunId } = await trigger(engine, "wide");
  const [locked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const skipping = builder(database.open({ maxConnections: 1 }))
    .transaction()
    .execute(async (tx) => {
      await tx.updateTable("task_instance").set({ state: "skipped" }).where("dag_run_id", "=", dagRunId).where("task_id", "=", "a").execute();
      locked.resolve();
      await goOn.promise;
    });
  await locked.promise;
  const dispatching = engine.dispatch({ schedulerId: SCHEDULER, parallelism: 100, executors: [{ name: "local", free: null }], limit: 2 });
  await untilBlocked(database.db);
  goOn.resolve();
  await skipping;
  const { commands, more } = await dispatching;
  expect(commands.map((command) => command.taskId)).toEqual(["b"]);
  expect(more).toBe(true);
});
