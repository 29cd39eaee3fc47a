import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClearOptions, Engine, WakeKind } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
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
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
// What a test before left to do.
beforeEach(async () => {
  await goOn();
});
afterAll(() => engine.close());

const ada = { name: "ada" };
const NOTHING_ELSE = {
  onlyFailed: false,
  onlyRunning: false,
  resetDagRuns: true,
  includeUpstream: false,
  includeDownstream: false,
  includeFuture: false,
  includePast: false,
  runOnLatestVersion: false,
  preventRunningTask: false,
};

/** Clears, and names what was touched: "task" or "task[index]". */
async function clear(dagId: string, fields: Partial<ClearOptions> = {}): Promise<string[]> {
  const touched = await engine.clearTaskInstances({ dagId, dryRun: false, ...NOTHING_ELSE, actor: ada, ...fields });
  return touched.map(({ taskId, mapIndex }) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`)).sort();
}

/** Starts queued runs and does everything that is ready. */
async function goOn(behave?: Parameters<typeof drain>[1]): Promise<string[]> {
  await engine.startQueuedRuns({ limit: 100 });
  return (await drain(engine, behave)).map((grant) => grant.context.taskId).sort();
}

async function instanceOf(dagRunId: number, taskId: string, mapIndex = -1) {
  return builder(database.db)
    .selectFrom("task_instance")
    .selectAll()
    .where("dag_run_id", "=", dagRunId)
    .where("task_id", "=", taskId)
    .where("map_index", "=", mapIndex)
    .executeTakeFirstOrThrow();
}

async function runOf(dagRunId: number) {
  return builder(database.db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
}

const chain = (dagId: string) => dagSpec(dagId, tasksOf(["a", "b < a", "c < b", "other"], { b: { retries: 2, retryDelayMs: 0 } }));

describe("clear", () => {
  test("a finished run becomes queued, begins again, and ends", async () => {
    await storeDags(engine, chain("again"));
    const { dagRunId, runId } = await trigger(engine, "again");
    await drain(engine);
    const heard = new Set<WakeKind>();
    const stop = engine.onWake((kinds) => kinds.forEach((kind) => heard.add(kind)));
    expect(await clear("again", { runId, taskIds: ["b"], includeDownstream: true })).toEqual(["b", "c"]);
    stop();
    expect(heard).toContain("runs");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: null, c: null, other: "success" });
    expect(await runOf(dagRunId)).toMatchObject({
      state: "queued",
      clear_number: 1,
      start_date: null,
      end_date: null,
      unfinished_count: 2,
      live_count: 0,
    });
    expect(await goOn()).toEqual(["b", "c"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success", unfinished: 0, live: 0 });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });

  test("`max_tries … on clear = try_number + retries. Each ended try is copied to a history table`", async () => {
    await storeDags(engine, chain("tries"));
    const { dagRunId, runId } = await trigger(engine, "tries");
    await drain(engine);
    await clear("tries", { runId, taskIds: ["b"] });
    expect(await instanceOf(dagRunId, "b")).toMatchObject({ state: null, try_number: 1, max_tries: 3, attempt_id: null, start_date: null });
    await goOn();
    expect(await instanceOf(dagRunId, "b")).toMatchObject({ state: "success", try_number: 2, max_tries: 3 });
    const history = await builder(database.db)
      .selectFrom("task_instance_history as h")
      .innerJoin("task_instance as ti", "ti.id", "h.task_instance_id")
      .select(["ti.task_id", "h.try_number", "h.state"])
      .where("ti.dag_run_id", "=", dagRunId)
      .execute();
    expect(history).toEqual([{ task_id: "b", try_number: 1, state: "success" }]);
  });

  test("in a running run what is cleared is decided about at once", async () => {
    await storeDags(engine, dagSpec("live", tasksOf(["a", "b < a", "slow"])));
    const { dagRunId, runId } = await trigger(engine, "live");
    const starts = await dispatchOnce(engine);
    const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
    const a = granted.find((grant) => grant.context.taskId === "a")!;
    await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId: a.attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "scheduled", slow: "running" });
    await clear("live", { runId, taskIds: ["a"], includeDownstream: true });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled", b: null, slow: "running" });
    expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 1, timers: 0 });
    expect(await runOf(dagRunId)).toMatchObject({ state: "running", clear_number: 1, unfinished_count: 3, live_count: 2 });
    await drain(engine);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", slow: "running" });
    const slow = granted.find((grant) => grant.context.taskId === "slow")!;
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId: slow.attemptId, outcome: ok(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("`running → restarting: user clears it …; then back to null with max_tries raised`", async () => {
    await storeDags(engine, dagSpec("stopped", tasksOf(["a", "b < a"], { a: { retries: 1, retryDelayMs: 0 } })));
    const { dagRunId, runId } = await trigger(engine, "stopped");
    const [attemptId] = (await dispatchOnce(engine)) as [string];
    await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
    await clear("stopped", { runId });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "restarting", b: null });
    const beat = await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] });
    expect(beat).toMatchObject({ renewed: [], stop: [{ attemptId, reason: "it was cleared" }] });
    // A second clear changes nothing about it.
    await clear("stopped", { runId });
    expect(await instanceOf(dagRunId, "a")).toMatchObject({ state: "restarting", try_number: 1, max_tries: 2 });
    const { finished } = await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: [{ attemptId, outcome: ok(), durationMs: 1 }],
      want: 0,
      queues: null,
    });
    expect(finished).toMatchObject([{ attemptId, accepted: false }]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled", b: null });
    expect(await goOn()).toEqual(["a", "b"]);
    expect(await instanceOf(dagRunId, "a")).toMatchObject({ state: "success", try_number: 2, max_tries: 2 });
  });

  test("a queued attempt gives its slot back at once, and whoever asks to start it is refused", async () => {
    await storeDags(engine, dagSpec("queued_up", tasksOf(["a"])));
    const { dagRunId, runId } = await trigger(engine, "queued_up");
    const [attemptId] = (await dispatchOnce(engine)) as [string];
    await clear("queued_up", { runId });
    expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 0, timers: 0 });
    const { granted, refused } = await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
    expect([granted, refused.map((refusal) => refusal.attemptId)]).toEqual([[], [attemptId]]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled" });
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("a wait for a retry ends: its timer goes", async () => {
    await storeDags(engine, dagSpec("waiting", tasksOf(["a"], { a: { retries: 1 } })));
    const { dagRunId, runId } = await trigger(engine, "waiting");
    await drain(engine, () => failure());
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 1 });
    await clear("waiting", { runId });
    expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 0, timers: 0 });
    await drain(engine);
    expect(await instanceOf(dagRunId, "a")).toMatchObject({ state: "success", try_number: 2 });
  });

  test("`prevent_running_task (409 instead of restarting)`", async () => {
    await storeDags(engine, dagSpec("prevented", tasksOf(["a", "b"])));
    const { dagRunId, runId } = await trigger(engine, "prevented");
    const starts = await dispatchOnce(engine);
    await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
    await expect(clear("prevented", { runId, preventRunningTask: true })).rejects.toMatchObject({ code: "conflict" });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "running", b: "running" });
    await engine.exchange({
      hostId: HOST,
      starts: [],
      finishes: starts.map((attemptId) => ({ attemptId, outcome: ok(), durationMs: 1 })),
      want: 0,
      queues: null,
    });
  });

  test("only failed: failed and upstream_failed; a dry run tells and touches nothing", async () => {
    await storeDags(engine, chain("failing"));
    const { dagRunId, runId } = await trigger(engine, "failing");
    await drain(engine, (grant) => (grant.context.taskId === "b" ? failure({ retryable: false }) : ok()));
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "failed" });
    expect(await clear("failing", { runId, onlyFailed: true, dryRun: true })).toEqual(["b", "c"]);
    expect(await runOf(dagRunId)).toMatchObject({ state: "failed", clear_number: 0 });
    expect(await clear("failing", { runId, onlyRunning: true })).toEqual([]);
    expect(await runOf(dagRunId)).toMatchObject({ state: "failed", clear_number: 0 });
    expect(await clear("failing", { runId, onlyFailed: true })).toEqual(["b", "c"]);
    expect(await goOn()).toEqual(["b", "c"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("without reset_dag_runs a finished run stays finished, and nothing begins", async () => {
    await storeDags(engine, chain("untouched"));
    const { dagRunId, runId } = await trigger(engine, "untouched");
    await drain(engine);
    await clear("untouched", { runId, taskIds: ["c"], resetDagRuns: false });
    expect(await runOf(dagRunId)).toMatchObject({ state: "success", clear_number: 0, unfinished_count: 1 });
    expect(await goOn()).toEqual([]);
  });

  test("along logical dates: past, future, and a window over all runs", async () => {
    await storeDags(engine, dagSpec("dated", tasksOf(["a"])));
    const dates = ["2026-01-01", "2026-01-02", "2026-01-03"];
    for (const date of dates) {
      await engine.triggerDagRun({ dagId: "dated", runId: date, logicalDate: new Date(date), triggeredBy: "test", actor: ada });
    }
    await trigger(engine, "dated", { runId: "undated" });
    await drain(engine);
    const runs = async (fields: Partial<ClearOptions>): Promise<string[]> =>
      (await engine.clearTaskInstances({ dagId: "dated", dryRun: true, ...NOTHING_ELSE, actor: ada, ...fields }))
        .map((touched) => touched.runId)
        .sort();
    expect(await runs({ runId: "2026-01-02" })).toEqual(["2026-01-02"]);
    expect(await runs({ runId: "2026-01-02", includePast: true })).toEqual(["2026-01-01", "2026-01-02"]);
    expect(await runs({ runId: "2026-01-02", includeFuture: true })).toEqual(["2026-01-02", "2026-01-03"]);
    expect(await runs({ runId: "2026-01-02", includePast: true, includeFuture: true })).toEqual(dates);
    // "runs with no logical date get only themselves"
    expect(await runs({ runId: "undated", includePast: true, includeFuture: true })).toEqual(["undated"]);
    expect(await runs({ startDate: new Date("2026-01-02") })).toEqual(["2026-01-02", "2026-01-03"]);
    expect(await runs({ startDate: new Date("2026-01-02"), endDate: new Date("2026-01-02") })).toEqual(["2026-01-02"]);
    expect(await runs({})).toEqual([...dates, "undated"]);
    await clear("dated", { endDate: new Date("2026-01-02") });
    expect(await goOn()).toEqual(["a", "a"]);
  });

  test("a note goes to what was cleared; the audit log says what was asked for", async () => {
    await storeDags(engine, chain("noted"));
    const { dagRunId, runId } = await trigger(engine, "noted");
    await drain(engine);
    await clear("noted", { runId, taskIds: ["c"], note: "once more" });
    expect((await instanceOf(dagRunId, "c")).note).toBe("once more");
    expect((await instanceOf(dagRunId, "b")).note).toBeNull();
    expect((await auditOf(database.db, "noted")).at(-1)).toMatchObject({
      event: "post_clear_task_instances",
      owner: "ada",
      runId,
      extra: { task_instances: 1, run_ids: [runId], asked: { taskIds: ["c"], note: "once more" } },
    });
    await expect(clear("noted", { note: "x".repeat(1001) })).rejects.toMatchObject({ code: "validation_failed" });
  });

  test("says what there is not", async () => {
    await storeDags(engine, chain("here"));
    const { runId } = await trigger(engine, "here");
    await expect(clear("nowhere")).rejects.toMatchObject({ code: "dag_not_found" });
    await expect(clear("here", { runId: "gone" })).rejects.toMatchObject({ code: "dag_run_not_found" });
    await expect(clear("here", { runId, taskIds: ["aa"] })).rejects.toMatchObject({ code: "task_not_found" });
  });
});

describe("clear and branches", () => {
  const behave: Parameters<typeof drain>[1] = ({ context }) => ok(context.taskId.startsWith("branch") ? "left" : undefined);
  const tasks = () => tasksOf(["branch", "left < branch", "right < branch"], { branch: { kind: "branch" } });

  test("`a child sees it even after being cleared and skips again`", async () => {
    await storeDags(engine, dagSpec("child", tasks()));
    const { dagRunId, runId } = await trigger(engine, "child");
    await drain(engine, behave);
    await clear("child", { runId, taskIds: ["left", "right"] });
    expect(await goOn(behave)).toEqual(["left"]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ branch: "success", left: "success", right: "skipped" });
  });

  test("a cleared branch decides anew", async () => {
    await storeDags(engine, dagSpec("decider", tasks()));
    const { dagRunId, runId } = await trigger(engine, "decider");
    await drain(engine, behave);
    await clear("decider", { runId });
    await goOn(({ context }) => ok(context.taskId === "branch" ? "right" : undefined));
    expect(await statesOf(database.db, dagRunId)).toEqual({ branch: "success", left: "skipped", right: "success" });
  });

  test("what another branch decided stays", async () => {
    const two = tasksOf(["branch1", "branch2", "left < branch1, branch2", "right < branch1, branch2"], {
      branch1: { kind: "branch" },
      branch2: { kind: "branch" },
    });
    await storeDags(engine, dagSpec("deciders", two));
    const { dagRunId, runId } = await trigger(engine, "deciders");
    await drain(engine, behave);
    await clear("deciders", { runId, taskIds: ["branch1", "left", "right"] });
    await goOn(({ context }) => ok(context.taskId === "branch1" ? ["left", "right"] : undefined));
    expect(await statesOf(database.db, dagRunId)).toMatchObject({ left: "success", right: "skipped" });
  });

  test("a short circuit reaches everything below, and lets it go when cleared", async () => {
    await storeDags(engine, dagSpec("short", tasksOf(["gate", "a < gate", "b < a"], { gate: { kind: "short_circuit" } })));
    const { dagRunId, runId } = await trigger(engine, "short");
    await drain(engine, () => ok(false));
    expect(await statesOf(database.db, dagRunId)).toEqual({ gate: "success", a: "skipped", b: "skipped" });
    await clear("short", { runId });
    expect(await goOn(() => ok(true))).toEqual(["a", "b", "gate"]);
  });
});

describe("clear and mapped tasks", () => {
  const mapped = () => [
    task("list"),
    task("each", {
      upstream: ["list"],
      mapping: { kind: "expand", order: ["n"], inputs: { n: { kind: "xcom", taskId: "list", key: "return_value", path: [] } } },
    }),
    task("sum", { upstream: ["each"] }),
  ];
  const listing = (length: number): Parameters<typeof drain>[1] => {
    return ({ context }) => ok(context.taskId === "list" ? Array.from({ length }, (_, index) => index) : undefined);
  };

  test("`On rerun a longer result adds instances, a shorter one marks the rest removed`", async () => {
    await storeDags(engine, dagSpec("mapped", mapped()));
    const { dagRunId, runId } = await trigger(engine, "mapped");
    await drain(engine, listing(3));
    const after = async (length: number) => {
      await clear("mapped", { runId });
      await goOn(listing(length));
      expect(await runStateOf(database.db, dagRunId)).toMatchObject({ unfinished: 0, live: 0, state: "success" });
      return statesOf(database.db, dagRunId);
    };
    const all = { list: "success", sum: "success" };
    expect(await after(4)).toEqual({ ...all, "each[0]": "success", "each[1]": "success", "each[2]": "success", "each[3]": "success" });
    expect(await after(1)).toEqual({ ...all, "each[0]": "success", "each[1]": "removed", "each[2]": "removed", "each[3]": "removed" });
    expect(await after(2)).toEqual({ ...all, "each[0]": "success", "each[1]": "success", "each[2]": "removed", "each[3]": "removed" });
    // "Length 0 -> … skipped"
    expect(await after(0)).toMatchObject({ "each[0]": "skipped", sum: "skipped" });
  });

  test("one index alone", async () => {
    await storeDags(engine, dagSpec("indexed", mapped()));
    const { dagRunId, runId } = await trigger(engine, "indexed");
    await drain(engine, listing(3));
    expect(await clear("indexed", { runId, taskIds: [["each", 1]], includeDownstream: true })).toEqual(["each[1]", "sum"]);
    expect(await goOn(listing(3))).toEqual(["each", "sum"]);
    expect((await instanceOf(dagRunId, "each", 1)).try_number).toBe(2);
    expect((await instanceOf(dagRunId, "each", 0)).try_number).toBe(1);
  });
});

describe("clear on the latest version", () => {
  test("tasks that are gone are removed, new ones run, what is cleared follows its task", async () => {
    await storeDags(engine, dagSpec("moved", tasksOf(["a", "old < a", "end < old"])));
    const { dagRunId, runId } = await trigger(engine, "moved");
    await drain(engine);
    await storeDags(engine, dagSpec("moved", tasksOf(["a", "new < a", "end < a, new"], { end: { queue: "big", retries: 3 } })));
    await clear("moved", { runId, taskIds: ["end"], runOnLatestVersion: true });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", end: null, new: null, old: "removed" });
    expect(await instanceOf(dagRunId, "end")).toMatchObject({ queue: "big", max_tries: 4, up_total: 2, up_success: 1 });
    expect(await goOn()).toEqual(["end", "new"]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", end: "success", new: "success", old: "removed" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success", unfinished: 0, live: 0 });

    await storeDags(engine, dagSpec("moved", tasksOf(["a", "old < a", "end < old"])));
    await clear("moved", { runId, taskIds: ["end"], runOnLatestVersion: true });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", end: null, new: "removed", old: null });
    expect(await goOn()).toEqual(["end", "old"]);
  });

  test("else a run stays with the version it was made with", async () => {
    await storeDags(engine, dagSpec("pinned", tasksOf(["a", "b"])));
    const { dagRunId, runId } = await trigger(engine, "pinned");
    await drain(engine);
    await storeDags(engine, dagSpec("pinned", tasksOf(["a"])));
    await clear("pinned", { runId });
    expect(await goOn()).toEqual(["a", "b"]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success" });
  });
});
