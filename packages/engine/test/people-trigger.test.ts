import type { TimetableSpec } from "@tradewind/core";
import { builder, seedDag, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Engine, TriggerOptions, WakeKind } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
import { dagSpec, dispatchOnce, drain, HOST, ok, runStateOf, startEngine, statesOf, storeDags, task } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

const ada = { name: "ada" };
const date = new Date("2026-02-03T00:00:00Z");

async function triggerDag(dagId: string, fields: Partial<TriggerOptions> = {}) {
  return engine.triggerDagRun({ dagId, triggeredBy: "rest_api", actor: ada, ...fields });
}

async function rowOf(dagRunId: number) {
  return builder(database.db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
}

describe("trigger", () => {
  test("makes a run that begins at once, with its conf, note and who asked", async () => {
    await storeDags(engine, dagSpec("plain", [task("a")]));
    const heard = new Set<WakeKind>();
    const stop = engine.onWake((kinds) => kinds.forEach((kind) => heard.add(kind)));
    const { dagRunId, runId } = await triggerDag("plain", { logicalDate: date, conf: { day: 1 }, note: "by hand" });
    stop();
    expect(heard).toContain("ready");
    expect(runId).toBe("manual__2026-02-03T00:00:00+00:00");
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled" });
    expect(await rowOf(dagRunId)).toMatchObject({
      state: "running",
      run_type: "manual",
      conf: '{"day":1}',
      note: "by hand",
      triggered_by: "rest_api",
      triggering_user_name: "ada",
      logical_date: date,
      data_interval_start: date,
    });
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    expect(await auditOf(database.db, "plain")).toMatchObject([
      { event: "trigger_dag_run", owner: "ada", runId, extra: { after: { conf: { day: 1 } } } },
    ]);
  });

  test("`Only the unique pair (dag, logical date) when not null; run_id unique per Dag`", async () => {
    await storeDags(engine, dagSpec("twice", [task("a")]));
    await triggerDag("twice", { logicalDate: date, runId: "one" });
    await expect(triggerDag("twice", { logicalDate: date, runId: "two" })).rejects.toMatchObject({ code: "dag_run_already_exists" });
    await expect(triggerDag("twice", { logicalDate: null, runId: "one" })).rejects.toMatchObject({ code: "dag_run_already_exists" });
    // Without a date there may be any number, also at the same moment.
    const runs = await Promise.all([1, 2, 3].map(() => triggerDag("twice", { logicalDate: null })));
    expect(new Set(runs.map((run) => run.runId)).size).toBe(3);
  });

  test("of ten people who ask for the same run one gets it", async () => {
    await storeDags(engine, dagSpec("race", [task("a")]));
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => triggerDag("race", { logicalDate: date })));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(1);
    for (const answer of answers) if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "dag_run_already_exists" });
  });

  test("an id that nobody chose does not stand in the way of another date in the same interval", async () => {
    const schedule = { kind: "cron_data_interval", cron: "0 0 * * *", timezone: "UTC", runImmediately: null } as const;
    await storeDags(engine, dagSpec("daily", [task("a")], { schedule }));
    const morning = await triggerDag("daily", { logicalDate: new Date("2026-02-03T08:00:00Z") });
    const evening = await triggerDag("daily", { logicalDate: new Date("2026-02-03T20:00:00Z") });
    expect(morning.runId).toBe("manual__2026-02-03T00:00:00+00:00");
    expect(evening.runId).toMatch(/^manual__2026-02-03T00:00:00\+00:00_\w+$/);
  });

  test("the next one waits while max_active_runs are running, and begins when one ends", async () => {
    await storeDags(engine, dagSpec("narrow", [task("a")], { maxActiveRuns: 1 }));
    const first = await triggerDag("narrow", { logicalDate: null });
    const second = await triggerDag("narrow", { logicalDate: null });
    expect(await runStateOf(database.db, second.dagRunId)).toMatchObject({ state: "queued" });
    expect(await statesOf(database.db, second.dagRunId)).toEqual({ a: null });
    await drain(engine);
    expect(await runStateOf(database.db, first.dagRunId)).toMatchObject({ state: "success" });
    await expect.poll(async () => (await runStateOf(database.db, second.dagRunId)).state).not.toBe("queued");
    await drain(engine);
    expect(await runStateOf(database.db, second.dagRunId)).toMatchObject({ state: "success" });
  });

  test("`Runs whose run_after is in the future stay queued`", async () => {
    await storeDags(engine, dagSpec("later", [task("a")]));
    const { dagRunId } = await triggerDag("later", { logicalDate: null, runAfter: new Date(Date.now() + 3_600_000) });
    await engine.startQueuedRuns({ limit: 10 });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "queued" });
  });

  test("params are `validated at trigger`, and the error names the param", async () => {
    const params = { size: { schema: { type: "integer" }, default: 1, description: null }, day: { schema: { format: "date" }, description: null } };
    await storeDags(engine, dagSpec("sized", [task("a")], { params }));
    await expect(triggerDag("sized", { conf: { size: "big" } })).rejects.toMatchObject({
      code: "invalid_params",
      message: expect.stringMatching(/"day" has no default and must be given; "size" must be integer; found "big"/),
    });
    await triggerDag("sized", { conf: { day: "2026-01-01" } });
  });

  test("`allowed_run_types can forbid run types per Dag`: by people and the API, and by tasks", async () => {
    await storeDags(engine, dagSpec("only_tasks", [task("a")], { allowedRunTypes: ["operator_triggered"] }));
    await expect(triggerDag("only_tasks")).rejects.toMatchObject({
      code: "run_type_not_allowed",
      message: 'Tried to make a manual run of DAG "only_tasks", which allows only operator_triggered runs (its option allowedRunTypes).',
    });
    await triggerDag("only_tasks", { runType: "operator_triggered" });
    await storeDags(engine, dagSpec("only_people", [task("a")], { allowedRunTypes: ["manual"] }));
    await expect(triggerDag("only_people", { runType: "operator_triggered" })).rejects.toMatchObject({ code: "run_type_not_allowed" });
    const { dagRunId } = await triggerDag("only_people");
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("is refused for a DAG that is stale, does not load, or is not there", async () => {
    await seedDag(database.db, { spec: dagSpec("stale", []), isStale: true });
    await seedDag(database.db, { spec: dagSpec("broken", []), hasImportErrors: true });
    await expect(triggerDag("stale")).rejects.toMatchObject({ code: "dag_not_runnable" });
    await expect(triggerDag("broken")).rejects.toMatchObject({ code: "dag_not_runnable" });
    await expect(triggerDag("nowhere")).rejects.toMatchObject({ code: "dag_not_found" });
  });
});

describe("pause", () => {
  // What the tests before left ready.
  beforeEach(async () => {
    await drain(engine);
  });

  const setPaused = (dagId: string, isPaused: boolean) => engine.setPaused({ dagId, isPaused, actor: ada });
  const queueOf = (dagId: string) => builder(database.db).selectFrom("task_queue").select("parked_key").where("dag_id", "=", dagId).execute();

  test("`no new runs, no queueing; running TIs go on`; what waits stays scheduled, and comes back", async () => {
    await storeDags(engine, dagSpec("paused", [task("a"), task("b"), task("c", { upstream: ["a"] })], { maxActiveTasks: 1 }));
    const { dagRunId } = await triggerDag("paused", { logicalDate: null });
    await setPaused("paused", true);
    expect(await queueOf("paused")).toEqual([{ parked_key: "dag:paused" }, { parked_key: "dag:paused" }]);
    expect(await drain(engine)).toEqual([]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled", b: "scheduled", c: null });
    const waiting = await triggerDag("paused", { logicalDate: null });
    expect(await runStateOf(database.db, waiting.dagRunId)).toMatchObject({ state: "queued" });
    expect(await engine.startQueuedRuns({ limit: 10 })).toMatchObject({ started: 0 });

    const heard = new Set<WakeKind>();
    const stop = engine.onWake((kinds) => kinds.forEach((kind) => heard.add(kind)));
    await setPaused("paused", false);
    stop();
    expect([...heard].sort()).toEqual(["dags", "ready", "runs", "state"]);
    await engine.startQueuedRuns({ limit: 10 });
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    expect(await runStateOf(database.db, waiting.dagRunId)).toMatchObject({ state: "success" });
  });

  test("what is running when the DAG is paused ends as usual, and what follows waits", async () => {
    await storeDags(engine, dagSpec("going", [task("a"), task("b", { upstream: ["a"] })]));
    const { dagRunId } = await triggerDag("going", { logicalDate: null });
    const [attemptId] = (await dispatchOnce(engine)) as [string];
    await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
    await setPaused("going", true);
    const finish = { attemptId, outcome: ok(), durationMs: 1 };
    const { finished, next } = await engine.exchange({ hostId: HOST, starts: [], finishes: [finish], want: 1, queues: null });
    expect(next).toEqual([]);
    expect(finished).toEqual([{ attemptId, accepted: true }]);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "scheduled" });
    expect(await drain(engine)).toEqual([]);
    await setPaused("going", false);
    await drain(engine);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("without catchup the next run is worked out anew when the DAG is unpaused", async () => {
    const schedule = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null } as TimetableSpec;
    const clock = { now: () => new Date("2026-03-01T12:00:00Z") };
    const timed = await startEngine(database, { clock });
    for (const catchup of [false, true]) {
      const dagId = catchup ? "catching_up" : "not_catching_up";
      await storeDags(timed, dagSpec(dagId, [task("a")], { schedule, startDate: "2026-03-01T00:00:00.000Z", catchup }));
      const nextOf = async () =>
        (await builder(database.db).selectFrom("dag").select("next_logical_date").where("dag_id", "=", dagId).executeTakeFirstOrThrow())
          .next_logical_date;
      const before = await nextOf();
      await timed.setPaused({ dagId, isPaused: true, actor: ada });
      clock.now = () => new Date("2026-03-09T12:00:00Z");
      await timed.setPaused({ dagId, isPaused: false, actor: ada });
      expect(await nextOf()).toEqual(catchup ? before : new Date("2026-03-09T00:00:00Z"));
      clock.now = () => new Date("2026-03-01T12:00:00Z");
    }
    await timed.close();
  });

  test("says nothing twice, and knows who is not there", async () => {
    await storeDags(engine, dagSpec("quiet", []));
    await setPaused("quiet", true);
    await setPaused("quiet", true);
    expect(await auditOf(database.db, "quiet")).toMatchObject([
      { event: "patch_dag", owner: "ada", extra: { before: { is_paused: false }, after: { is_paused: true } } },
    ]);
    await expect(setPaused("nowhere", true)).rejects.toMatchObject({ code: "dag_not_found" });
  });
});
