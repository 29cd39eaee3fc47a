import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallbackEnd, DueCallback, Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, failure, HOST, ok, startEngine, statesOf, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let now = new Date("2026-03-01T00:00:00Z");
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => now } });
});
afterAll(() => engine.close());

const later = (ms: number): void => {
  now = new Date(now.getTime() + ms);
};
const take = (): Promise<DueCallback[]> => engine.takeCallbacks({ limit: 10, takenForMs: 60_000 });
const went = (problem: CallbackEnd["problem"] = null): CallbackEnd => ({ problem, output: "said", durationMs: 5 });

async function endAll(): Promise<DueCallback[]> {
  const due = await take();
  for (const one of due) await engine.endCallback(one, went());
  return due;
}

describe("callbacks of tasks", () => {
  test("what the attempt's process has run is not asked for again; what it could not run is", async () => {
    await storeDags(engine, dagSpec("t1", [task("a", { callbacks: ["success", "failure"] }), task("b", { callbacks: ["success"] })]));
    await trigger(engine, "t1");
    const { granted } = await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
    const idOf = (taskId: string): string => granted.find((grant) => grant.context.taskId === taskId)!.attemptId;
    expect(granted.map((grant) => grant.callbacks)).toEqual([["success", "failure"], ["success"]]);
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [
        { attemptId: idOf("a"), outcome: ok({ rows: 3 }), durationMs: 1 },
        { attemptId: idOf("b"), outcome: ok(), durationMs: 1, callbackRan: "success" },
      ],
      want: 0,
      queues: null,
    });
    const due = await endAll();
    expect(due).toMatchObject([
      {
        scope: "task",
        callback: "success",
        tries: 1,
        result: '{"rows":3}',
        context: { taskId: "a", tryNumber: 1 },
        task: { taskId: "a", state: "success" },
      },
    ]);
  });

  test("a lost attempt with tries left asks for retry, without any for failure; a host that never says more is no reason to forget it", async () => {
    await storeDags(engine, dagSpec("t2", [task("a", { callbacks: ["failure", "retry"], retries: 1, retryDelayMs: 1_000 })]));
    await trigger(engine, "t2");
    await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
    later(60_000);
    await engine.expireLeases({ limit: 10 });
    expect(await endAll()).toMatchObject([{ callback: "retry", failure: { reason: "lost" }, task: { state: "up_for_retry" } }]);
    later(1_000);
    await engine.fireTimers({ limit: 10 });
    await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
    later(60_000);
    await engine.expireLeases({ limit: 10 });
    expect(await endAll()).toMatchObject([{ callback: "failure", context: { tryNumber: 2 } }]);
  });

  test("on_skipped fires only when a running task raises skip", async () => {
    await storeDags(engine, dagSpec("t3", [task("a", { callbacks: ["skipped"] }), task("b", { callbacks: ["skipped"], upstream: ["a"] })]));
    await trigger(engine, "t3");
    await drain(engine, () => ({ kind: "skipped", reason: "no rows" }));
    expect(await endAll()).toMatchObject([{ callback: "skipped", reason: "no rows", task: { taskId: "a" } }]);
  });

  test("not run for changes made by people", async () => {
    await storeDags(engine, dagSpec("t4", [task("a", { callbacks: ["failure", "success"] })], { callbacks: ["success", "failure"] }));
    const { dagRunId, runId } = await trigger(engine, "t4");
    await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
    await engine.setDagRunState({ dagId: "t4", runId, state: "failed", actor: { name: "ann" } });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "failed" });
    expect(await take()).toEqual([]);
  });
});

describe("callbacks of DAGs", () => {
  test("success: last succeeded; failure: last failed task", async () => {
    await storeDags(engine, dagSpec("d1", [task("a"), task("b", { upstream: ["a"] })], { callbacks: ["success", "failure"] }));
    await trigger(engine, "d1");
    await drain(engine, () => (later(1_000), ok()));
    expect(await endAll()).toMatchObject([{ scope: "dag", callback: "success", reason: "success", task: { taskId: "b", state: "success" } }]);
    await trigger(engine, "d1");
    await drain(engine, (grant) => (later(1_000), grant.context.taskId === "b" ? failure() : ok()));
    expect(await endAll()).toMatchObject([{ callback: "failure", reason: "task_failure", task: { taskId: "b", state: "failed" } }]);
  });

  test('timed_out: last unfinished; "failure callback reason timed_out"', async () => {
    await storeDags(engine, dagSpec("d2", [task("a"), task("b", { upstream: ["a"] })], { callbacks: ["failure"], dagrunTimeoutMs: 10_000 }));
    await trigger(engine, "d2");
    later(20_000);
    await engine.timeOutRuns({ limit: 10 });
    expect(await endAll()).toMatchObject([{ callback: "failure", reason: "timed_out", task: { taskId: "b" } }]);
  });
});

describe("a request", () => {
  test("that fails is tried again with what failed of it, three times in all, and how it ended is in the audit log", async () => {
    await storeDags(engine, dagSpec("r1", [task("a")], { callbacks: ["success"] }));
    const { runId } = await trigger(engine, "r1");
    await drain(engine);
    const [first] = await take();
    expect(await engine.endCallback(first!, went({ message: "no mail server", failedCalls: [1] }))).toEqual({ isTriedAgain: true });
    expect(await take()).toEqual([]);
    later(10_000);
    const [second] = await take();
    expect(second).toMatchObject({ tries: 2, only: [1] });
    expect(await engine.endCallback(second!, went({ message: "no mail server", failedCalls: null }))).toEqual({ isTriedAgain: true });
    later(20_000);
    const [third] = await take();
    expect(third).toMatchObject({ tries: 3, only: [1] });
    expect(await engine.endCallback(third!, went({ message: "no mail server", failedCalls: [1] }))).toEqual({ isTriedAgain: false });
    later(3_600_000);
    expect(await take()).toEqual([]);
    const entries = await builder(database.db)
      .selectFrom("event_log")
      .selectAll()
      .where("run_id", "=", runId)
      .where("event", "=", "callback_failed")
      .execute();
    expect(entries).toMatchObject([
      { owner: "dag_processor", dag_id: "r1", extra: { tries: 3, error: "no mail server", output: "said", scope: "dag" } },
    ]);
  });

  test("is taken by one at a time, and comes back when whoever took it dies", async () => {
    await storeDags(engine, dagSpec("r2", [task("a")], { callbacks: ["success"] }));
    await trigger(engine, "r2");
    await drain(engine);
    const takes = await Promise.all(Array.from({ length: 8 }, take));
    expect(takes.flat()).toHaveLength(1);
    later(59_000);
    expect(await take()).toEqual([]);
    later(1_000);
    const [again] = await take();
    expect(again).toMatchObject({ tries: 2 });
    const { callbackAuthor } = engine;
    await expect(callbackAuthor.findVariable(String(again!.requestId), "nothing")).resolves.toEqual({ found: false, value: null });
    await expect(callbackAuthor.setXCom(String(again!.requestId), { key: "k", value: 1 })).rejects.toMatchObject({ code: "invalid_request" });
    await engine.endCallback(again!, went());
    await expect(callbackAuthor.findVariable(String(again!.requestId), "nothing")).rejects.toMatchObject({ code: "stale_attempt" });
  });
});
