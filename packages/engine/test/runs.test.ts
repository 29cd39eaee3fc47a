import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TaskSpec } from "@tradewind/core";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import {
  countAlive,
  dagSpec,
  dispatchOnce,
  drain,
  failure,
  HOST,
  ok,
  runStateOf,
  startEngine,
  statesOf,
  storeDags,
  task,
  trigger,
} from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

const finished = async (dagRunId: number): Promise<unknown> => {
  expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  return runStateOf(database.db, dagRunId);
};

describe("a run", () => {
  test("of a chain goes task by task, each in the answer to the finish before", async () => {
    await storeDags(engine, dagSpec("chain", [task("a"), task("b", { upstream: ["a"] }), task("c", { upstream: ["b"] })]));
    const { dagRunId } = await trigger(engine, "chain");
    const grants = await drain(engine);
    expect(grants.map((grant) => grant.context.taskId)).toEqual(["a", "b", "c"]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", c: "success" });
    expect(await finished(dagRunId)).toEqual({ state: "success", reason: null, unfinished: 0, live: 0 });
  });

  test("without anything to execute has ended as it is made, with the time of its end", async () => {
    await storeDags(
      engine,
      dagSpec("nothing", []),
      dagSpec("only_empty", [task("a", { kind: "empty" }), task("b", { kind: "empty", upstream: ["a"] })]),
    );
    for (const dagId of ["nothing", "only_empty"]) {
      const { dagRunId } = await trigger(engine, dagId);
      expect(await finished(dagRunId)).toEqual({ state: "success", reason: null, unfinished: 0, live: 0 });
      const run = await builder(database.db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
      expect(run.end_date).toEqual(run.start_date);
    }
  });

  test("whose time comes between the look for such runs and the question what is due next is due, and one that waits for others is not", async () => {
    await storeDags(engine, dagSpec("between", [task("a")], { maxActiveRuns: 1 }));
    const first = await trigger(engine, "between");
    const second = await trigger(engine, "between");
    const cameAt = new Date(Date.now() - 1_000);
    await builder(database.db).updateTable("dag_run").set({ run_after: cameAt }).where("id", "=", second.dagRunId).execute();
    expect(await engine.nextDueAt(new Date(cameAt.getTime() - 1))).toEqual(cameAt);
    expect(await engine.nextDueAt(new Date())).not.toEqual(cameAt);
    expect(await engine.nextDueAt()).not.toEqual(cameAt);
    for (const { runId } of [first, second]) await engine.setDagRunState({ dagId: "between", runId, state: "failed", actor: { name: "test" } });
  });

  test("fans out and joins; results arrive as inputs", async () => {
    await storeDags(
      engine,
      dagSpec("fan", [
        task("start"),
        ...["x", "y", "z"].map((id) =>
          task(id, { upstream: ["start"], inputs: { n: { kind: "xcom", taskId: "start", key: "return_value", path: [] } } }),
        ),
        task("join", { upstream: ["x", "y", "z"] }),
      ]),
    );
    const { dagRunId } = await trigger(engine, "fan");
    const grants = await drain(engine, () => ok(7));
    expect(grants.map((grant) => grant.context.taskId)).toEqual(["start", "x", "y", "z", "join"]);
    expect(grants[1]!.inputs).toBe('{"n":7}');
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });

  test.each([0, 1])(
    "what was given and cannot have its inputs fails with the reason, after as many retries as it has (%i); it is told to no host",
    async (retries) => {
      const inputs: TaskSpec["inputs"] = { n: { kind: "xcom", taskId: "start", key: "return_value", path: ["part"] } };
      const dagId = `unstartable_${retries}`;
      await storeDags(engine, dagSpec(dagId, [task("start"), task("next", { upstream: ["start"], inputs, retries, retryDelayMs: 0 })]));
      const { dagRunId } = await trigger(engine, dagId);
      const grants = await drain(engine, () => ok(7));
      for (let round = 0; round < retries; round += 1) {
        await engine.fireTimers({ limit: 10 });
        grants.push(...(await drain(engine)));
      }
      expect(grants.map((grant) => grant.context.taskId)).toEqual(["start"]);
      expect(await statesOf(database.db, dagRunId)).toEqual({ start: "success", next: "failed" });
      const { failure, try_number: tryNumber } = await builder(database.db)
        .selectFrom("task_instance")
        .select(["failure", "try_number"])
        .where("dag_run_id", "=", dagRunId)
        .where("task_id", "=", "next")
        .executeTakeFirstOrThrow();
      expect(failure).toMatchObject({ reason: "rejected", message: expect.stringContaining('without "part"') });
      expect(tryNumber).toBe(retries + 1);
      expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
    },
  );

  test("a failure without retries: upstream_failed below, the run fails", async () => {
    await storeDags(
      engine,
      dagSpec("bad", [
        task("a"),
        task("b", { upstream: ["a"] }),
        task("c", { upstream: ["b"] }),
        task("always", { upstream: ["c"], triggerRule: "all_done" }),
      ]),
    );
    const { dagRunId } = await trigger(engine, "bad");
    await drain(engine, (grant) => (grant.context.taskId === "a" ? failure() : ok()));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "failed", always: "success", b: "upstream_failed", c: "upstream_failed" });
    // "A non-leaf failure alone does not fail the run."
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });

  test("a DAG of empty tasks ends as it is created", async () => {
    await storeDags(engine, dagSpec("hollow", [task("a", { kind: "empty" }), task("b", { kind: "empty", upstream: ["a"] })]));
    const { dagRunId } = await trigger(engine, "hollow");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success" });
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });
});

describe("branches", () => {
  test("what is not followed is skipped, and skips cascade", async () => {
    await storeDags(
      engine,
      dagSpec("branch", [
        task("pick", { kind: "branch" }),
        task("left", { upstream: ["pick"] }),
        task("right", { upstream: ["pick"] }),
        task("below", { upstream: ["right"] }),
        task("join", { upstream: ["left", "below"], triggerRule: "none_failed_min_one_success" }),
      ]),
    );
    const { dagRunId } = await trigger(engine, "branch");
    await drain(engine, (grant) => ok(grant.context.taskId === "pick" ? "left" : null));
    expect(await statesOf(database.db, dagRunId)).toEqual({ below: "skipped", join: "success", left: "success", pick: "success", right: "skipped" });
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });

  test("a branch that names no child fails", async () => {
    const { dagRunId } = await trigger(engine, "branch");
    await drain(engine, () => ok("nowhere"));
    expect((await statesOf(database.db, dagRunId)).pick).toBe("failed");
    expect(await finished(dagRunId)).toMatchObject({ state: "failed" });
  });

  test("a falsy short circuit skips everything below, whatever the rules", async () => {
    await storeDags(
      engine,
      dagSpec("short", [
        task("gate", { kind: "short_circuit" }),
        task("a", { upstream: ["gate"] }),
        task("b", { upstream: ["a"], triggerRule: "all_done" }),
      ]),
    );
    const { dagRunId } = await trigger(engine, "short");
    await drain(engine, () => ok(false));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "skipped", b: "skipped", gate: "success" });
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });
});

describe("mapping", () => {
  const mapped = (dagId: string) =>
    dagSpec(dagId, [
      task("list"),
      task("each", {
        upstream: ["list"],
        mapping: { kind: "expand", order: ["x"], inputs: { x: { kind: "xcom", taskId: "list", key: "return_value", path: [] } } },
      }),
      task("sum", { upstream: ["each"], inputs: { all: { kind: "xcom", taskId: "each", key: "return_value", path: [] } } }),
    ]);

  test("one instance per member; the one below sees the whole list", async () => {
    await storeDags(engine, mapped("map"));
    const { dagRunId } = await trigger(engine, "map");
    const grants = await drain(engine, (grant) => ok(grant.context.taskId === "list" ? [10, 20, 30] : grant.context.mapIndex));
    expect(await statesOf(database.db, dagRunId)).toEqual({
      "each[0]": "success",
      "each[1]": "success",
      "each[2]": "success",
      list: "success",
      sum: "success",
    });
    expect(grants.filter((grant) => grant.context.taskId === "each").map((grant) => grant.inputs)).toEqual(['{"x":10}', '{"x":20}', '{"x":30}']);
    expect(grants.at(-1)!.inputs).toBe('{"all":[0,1,2]}');
    expect(grants.map((grant) => grant.context.tryNumber)).toEqual([1, 1, 1, 1, 1]);
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });

  test("over nothing: the placeholder is skipped", async () => {
    const { dagRunId } = await trigger(engine, "map");
    await drain(engine, () => ok([]));
    expect(await statesOf(database.db, dagRunId)).toEqual({ each: "skipped", list: "success", sum: "skipped" });
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });

  test("longer than allowed: the pushing task fails", async () => {
    const { dagRunId } = await trigger(engine, "map");
    await drain(engine, () => ok(Array.from({ length: 1_025 }, () => 0)));
    expect(await statesOf(database.db, dagRunId)).toEqual({ each: "upstream_failed", list: "failed", sum: "upstream_failed" });
    expect(await finished(dagRunId)).toMatchObject({ state: "failed" });
  });

  test("of known length: there from the start", async () => {
    await storeDags(
      engine,
      dagSpec("static", [
        task("each", { mapping: { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: ["a", "b"] } } } }),
        task("none", { mapping: { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: [] } } } }),
        task("end", { upstream: ["each"] }),
      ]),
    );
    const { dagRunId } = await trigger(engine, "static");
    expect(await statesOf(database.db, dagRunId)).toEqual({ "each[0]": "scheduled", "each[1]": "scheduled", end: null, none: "skipped" });
    await drain(engine);
    expect(await finished(dagRunId)).toMatchObject({ state: "success" });
  });
});

describe("attempts", () => {
  test("a finish of an attempt that is not the current one, or not of this host, counts for nothing", async () => {
    await storeDags(engine, dagSpec("one", [task("a")]));
    const { dagRunId } = await trigger(engine, "one");
    const [attemptId] = await dispatchOnce(engine);
    const finish = { attemptId: attemptId!, outcome: ok(), durationMs: 1 };
    const early = await engine.exchange({ hostId: HOST, starts: [], finishes: [finish], want: 0, queues: null });
    expect(early.finished).toMatchObject([{ accepted: false }]);
    const first = await engine.exchange({ hostId: HOST, starts: [attemptId!], finishes: [], want: 0, queues: null });
    const again = await engine.exchange({ hostId: HOST, starts: [attemptId!], finishes: [], want: 0, queues: null });
    expect(again.granted).toEqual(first.granted);
    const other = await engine.exchange({ hostId: "host-2", starts: [attemptId!], finishes: [finish], want: 0, queues: null });
    expect(other).toMatchObject({ granted: [], refused: [{ code: "other_host" }], finished: [{ accepted: false }] });
    expect((await engine.exchange({ hostId: HOST, starts: [], finishes: [finish], want: 0, queues: null })).finished).toMatchObject([
      { accepted: true },
    ]);
    expect((await engine.exchange({ hostId: HOST, starts: [], finishes: [finish], want: 0, queues: null })).finished).toMatchObject([
      { accepted: true },
    ]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success" });
  });

  test("one finish that cannot be stored fails alone", async () => {
    await storeDags(engine, dagSpec("poison", [task("a"), task("b")]));
    const { dagRunId } = await trigger(engine, "poison");
    await drain(engine, (grant) => (grant.context.taskId === "a" ? { kind: "success", result: '"\u0000"' } : ok(1)));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "failed", b: "success" });
    expect(await finished(dagRunId)).toMatchObject({ state: "failed" });
  });
});
