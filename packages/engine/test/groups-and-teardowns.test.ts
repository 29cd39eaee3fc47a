import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import type { DagSpec, TaskSpec } from "@tradewind/core";
import { groupSpec } from "@tradewind/core/plain-spec";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
let now = new Date("2026-03-01T00:00:00Z");
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => now } });
});
afterAll(() => engine.close());

const later = (ms: number): void => {
  now = new Date(now.getTime() + ms);
};
const actor = { name: "ann" };
const clearing = {
  ...{ dryRun: false, onlyFailed: false, onlyRunning: false, resetDagRuns: true, actor },
  ...{
    includeUpstream: false,
    includeDownstream: false,
    includeFuture: false,
    includePast: false,
    runOnLatestVersion: false,
    preventRunningTask: false,
  },
};
const failing =
  (...taskIds: string[]) =>
  (grant: AttemptGrant): TaskOutcome =>
    taskIds.includes(grant.context.taskId) ? failure() : ok();
const ran = (grants: readonly AttemptGrant[]): string[] => grants.map(({ context }) => context.taskId).sort();

async function begin(): Promise<AttemptGrant[]> {
  return (await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null })).granted;
}

/** setup → work → teardown, and the teardown right below the setup. */
function scoped(dagId: string, fields: Partial<DagSpec> = {}, more: TaskSpec[] = []): DagSpec {
  return dagSpec(
    dagId,
    [
      task("up", { isSetup: true }),
      task("work", { upstream: ["up"] }),
      task("down", { upstream: ["up", "work"], isTeardown: true, setups: ["up"], triggerRule: "all_done_setup_success" }),
      ...more,
    ],
    fields,
  );
}

describe("setups and teardowns", () => {
  test('"Clearing a task also clears its setups and teardowns", also in the dry run', async () => {
    await storeDags(engine, scoped("s1"));
    const { dagRunId, runId } = await trigger(engine, "s1");
    await drain(engine);
    const dry = await engine.clearTaskInstances({ ...clearing, dagId: "s1", runId, taskIds: ["work"], dryRun: true });
    expect(dry.map(({ taskId }) => taskId).sort()).toEqual(["down", "up", "work"]);
    await engine.clearTaskInstances({ ...clearing, dagId: "s1", runId, taskIds: ["work"] });
    await engine.startQueuedRuns({ limit: 10 });
    expect(ran(await drain(engine))).toEqual(["down", "up", "work"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("Mark run success: every TI → success except unfinished teardowns; the run is set only when no teardown is left", async () => {
    await storeDags(engine, scoped("s2"));
    const { dagRunId, runId } = await trigger(engine, "s2");
    const [up] = await begin();
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId: up!.attemptId, outcome: ok(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    await engine.setDagRunState({ dagId: "s2", runId, state: "success", actor });
    expect(await statesOf(database.db, dagRunId)).toEqual({ up: "success", work: "success", down: "scheduled" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "running" });
    expect(ran(await drain(engine))).toEqual(["down"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("Mark run failed: running → failed, other unfinished → skipped, teardowns left to run; then the run is failed", async () => {
    await storeDags(engine, scoped("s3", {}, [task("after", { upstream: ["work"] })]));
    const { dagRunId, runId } = await trigger(engine, "s3");
    const [up] = await begin();
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId: up!.attemptId, outcome: ok(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    const [work] = await begin();
    expect(work!.context.taskId).toBe("work");
    await engine.setDagRunState({ dagId: "s3", runId, state: "failed", actor });
    expect(await statesOf(database.db, dagRunId)).toEqual({ up: "success", work: "failed", after: "skipped", down: "scheduled" });
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [
        {
          attemptId: work!.attemptId,
          outcome: { kind: "failed", failure: { reason: "cancelled", message: "stopped" }, retryable: true },
          durationMs: 1,
        },
      ],
      want: 0,
      queues: null,
    });
    expect(ran(await drain(engine))).toEqual(["down"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", reason: expect.stringContaining("marked failed") });
  });

  test("fail_fast: first failure fails running tasks and skips the rest, teardowns excepted", async () => {
    await storeDags(engine, scoped("s4", { failFast: true }, [task("beside"), task("later", { upstream: ["beside"] })]));
    const { dagRunId } = await trigger(engine, "s4");
    const first = await begin();
    expect(ran(first)).toEqual(["beside", "up"]);
    const up = first.find(({ context }) => context.taskId === "up")!;
    await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId: up.attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });
    const [work] = await begin();
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId: work!.attemptId, outcome: failure(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    expect(await statesOf(database.db, dagRunId)).toEqual({ up: "success", work: "failed", beside: "failed", later: "skipped", down: "scheduled" });
    const stopped = first.find(({ context }) => context.taskId === "beside")!;
    expect((await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId: stopped.attemptId }], queued: [] })).stop).toHaveLength(1);
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId: stopped.attemptId, outcome: ok(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    await drain(engine);
    expect(await statesOf(database.db, dagRunId)).toMatchObject({ beside: "failed", down: "success" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
  });

  test("dagrun_timeout: counts from run start; all unfinished TIs → skipped, the run failed", async () => {
    await storeDags(engine, scoped("s5", { dagrunTimeoutMs: 60_000 }));
    const { dagRunId } = await trigger(engine, "s5");
    later(59_000);
    await engine.timeOutRuns({ limit: 10 });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "running" });
    later(2_000);
    await engine.timeOutRuns({ limit: 10 });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed", reason: "timed_out" });
    expect(new Set(Object.values(await statesOf(database.db, dagRunId)))).toEqual(new Set(["skipped"]));
  });
});

describe("a group with retries is run again as a whole", () => {
  const grouped = (dagId: string): DagSpec =>
    dagSpec(dagId, [task("a", { groupId: "g" }), task("b", { groupId: "g", upstream: ["a"] }), task("below", { upstream: ["b"] })], {
      groups: [groupSpec("g", { retries: 1, retryDelayMs: 30_000 })],
    });

  test("after its delay, by a durable timer; what is below waits for the last try; history is kept", async () => {
    await storeDags(engine, grouped("g1"));
    const { dagRunId } = await trigger(engine, "g1");
    await drain(engine, failing("b"));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "failed", below: null });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "running" });
    // Another process takes over.
    const fresh = await startEngine(database, { clock: { now: () => now } });
    later(29_000);
    expect(await fresh.fireTimers({ limit: 10 })).toMatchObject({ fired: 0 });
    await fresh.sweep({ limit: 10 });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "failed", below: null });
    later(1_000);
    await fresh.fireTimers({ limit: 10 });
    expect(ran(await drain(fresh))).toEqual(["a", "b", "below"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    const tries = await builder(database.db)
      .selectFrom("task_instance")
      .select(["task_id", "try_number"])
      .where("dag_run_id", "=", dagRunId)
      .orderBy("task_id")
      .execute();
    expect(tries).toEqual([
      { task_id: "a", try_number: 2 },
      { task_id: "b", try_number: 2 },
      { task_id: "below", try_number: 1 },
    ]);
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
    await fresh.close();
  });

  test("with no tries left what is below is decided; a clear gives all tries again", async () => {
    await storeDags(engine, grouped("g2"));
    const { dagRunId, runId } = await trigger(engine, "g2");
    await drain(engine, failing("b"));
    later(30_000);
    await engine.fireTimers({ limit: 10 });
    await drain(engine, failing("b"));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "failed", below: "upstream_failed" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
    await engine.clearTaskInstances({ ...clearing, dagId: "g2", runId, taskIds: ["g"], includeDownstream: true });
    await engine.startQueuedRuns({ limit: 10 });
    await drain(engine, failing("b"));
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "failed", below: null });
    later(30_000);
    await engine.fireTimers({ limit: 10 });
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });
});

describe("clearing with the newest version", () => {
  test("tasks that are gone are removed, new ones come up, a task that is mapped now is expanded", async () => {
    await storeDags(engine, dagSpec("v1", [task("list"), task("gone", { upstream: ["list"] }), task("each", { upstream: ["list"] })]));
    const { dagRunId, runId } = await trigger(engine, "v1");
    await drain(engine, failing("each"));
    const over = { kind: "expand" as const, order: ["x"], inputs: { x: { kind: "xcom" as const, taskId: "list", key: "return_value", path: [] } } };
    await storeDags(
      engine,
      dagSpec("v1", [task("list"), task("each", { upstream: ["list"], mapping: over }), task("fresh", { upstream: ["each"] })]),
    );
    await engine.clearTaskInstances({ ...clearing, dagId: "v1", runId, runOnLatestVersion: true });
    await engine.startQueuedRuns({ limit: 10 });
    await drain(engine, (grant) => (grant.context.taskId === "list" ? ok([1, 2]) : ok()));
    expect(await statesOf(database.db, dagRunId)).toEqual({
      list: "success",
      gone: "removed",
      "each[0]": "success",
      "each[1]": "success",
      fresh: "success",
    });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("a mapped group grows and shrinks when it is run again", async () => {
    const over = { kind: "expand" as const, order: ["x"], inputs: { x: { kind: "xcom" as const, taskId: "list", key: "return_value", path: [] } } };
    await storeDags(
      engine,
      dagSpec(
        "v2",
        [
          task("list"),
          task("a", { groupId: "g", upstream: ["list"] }),
          task("b", { groupId: "g", upstream: ["a"] }),
          task("end", { upstream: ["b"] }),
        ],
        {
          groups: [groupSpec("g", { mapping: over })],
        },
      ),
    );
    const { dagRunId, runId } = await trigger(engine, "v2");
    const lengths = [2, 3, 1];
    for (const [index, length] of lengths.entries()) {
      if (index > 0) {
        await engine.clearTaskInstances({ ...clearing, dagId: "v2", runId });
        await engine.startQueuedRuns({ limit: 10 });
      }
      await drain(engine, (grant) => (grant.context.taskId === "list" ? ok(Array.from({ length }, (_, member) => member)) : ok()));
      const states = await statesOf(database.db, dagRunId);
      const live = (taskId: string): number =>
        Object.entries(states).filter(([name, state]) => name.startsWith(`${taskId}[`) && state === "success").length;
      expect([live("a"), live("b"), states["end"]]).toEqual([length, length, "success"]);
    }
    expect((await statesOf(database.db, dagRunId))["a[2]"]).toBe("removed");
  });

  test("only_new: add tasks of the newest version without clearing", async () => {
    await storeDags(engine, dagSpec("v3", [task("a")]));
    const { dagRunId, runId } = await trigger(engine, "v3");
    await drain(engine);
    await storeDags(engine, dagSpec("v3", [task("a"), task("fresh", { upstream: ["a"], displayName: "Fresh" })]));
    expect(await engine.addNewTasks({ dagId: "v3", runId, dryRun: true, actor })).toEqual([{ taskId: "fresh", displayName: "Fresh" }]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success" });
    await engine.addNewTasks({ dagId: "v3", runId, dryRun: false, actor });
    await engine.startQueuedRuns({ limit: 10 });
    expect(ran(await drain(engine))).toEqual(["fresh"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    expect(await engine.addNewTasks({ dagId: "v3", runId, dryRun: true, actor })).toEqual([]);
  });
});
