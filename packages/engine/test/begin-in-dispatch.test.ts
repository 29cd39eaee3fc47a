import type { AttemptGrant } from "@tradewind/contract";
import type { TaskSpec } from "@tradewind/core";
import { transaction } from "@tradewind/metadata";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeEach, beforeAll, expect, test } from "vitest";
import type { Dispatched, Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, failure, HOST, ok, startEngine, statesOf, storeDags, task, trigger, untilBlocked } from "./fixture.ts";

/** Where a host is at hand, dispatch begins there what it has places for, in its own transaction. */
const database = useTestDatabase();
let engine: Engine;
let schedulerId: string;
let started: string[];
beforeAll(async () => {
  engine = await startEngine(database, { events: { taskInstanceStarted: ({ taskId }) => void started.push(taskId) } });
});
beforeEach(() => {
  schedulerId = randomUUID();
  started = [];
});
afterAll(() => engine.close());

let clock = 0;
const dispatch = (places: number, { parallelism = 100, monotonicNow = () => (clock += 1) } = {}): Promise<Dispatched> =>
  engine.dispatch({
    schedulerId,
    parallelism,
    limit: 100,
    executors: [{ name: "local", free: 50, host: { hostId: HOST, places } }],
    monotonicNow,
  });
const grantsOf = ({ begun }: Dispatched): AttemptGrant[] => begun.flatMap(({ grants }) => grants);
const begunTasks = (dispatched: Dispatched): string[] => grantsOf(dispatched).map(({ context }) => context.taskId);
const queuedTasks = ({ commands }: Dispatched): string[] => commands.map(({ taskId }) => taskId);
const ask = (known: string[]) => engine.exchange({ hostId: HOST, starts: [], finishes: [], want: 0, queues: null, known });

async function finish(grants: readonly AttemptGrant[], outcome = ok()): Promise<void> {
  const finishes = grants.map(({ attemptId }) => ({ attemptId, outcome, durationMs: 1 }));
  const { finished } = await engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
  expect(finished.map(({ accepted }) => accepted)).toEqual(finishes.map(() => true));
}

test("as many begin as the host has places, the best of them; the others are queued, with the leases of queued ones", async () => {
  const tasks = ["a", "b", "c", "d"].map((id, index) => task(id, { priorityWeight: index + 1 }));
  await storeDags(engine, dagSpec("some", tasks));
  const { dagRunId } = await trigger(engine, "some");
  const before = clock;
  const dispatched = await dispatch(2);
  expect([begunTasks(dispatched), queuedTasks(dispatched)]).toEqual([
    ["d", "c"],
    ["b", "a"],
  ]);
  expect(dispatched).toMatchObject({ begun: [{ executor: "local", hostId: HOST }], isUnsure: false, leasedAtMs: before + 2 });
  expect(grantsOf(dispatched)[0]).toMatchObject({
    token: expect.any(String) as string,
    leaseMs: 10_000,
    inputs: "{}",
    context: { dagId: "some", tryNumber: 1 },
  });
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "queued", b: "queued", c: "running", d: "running" });
  const leases = await run<{ taskId: string; hostId: string | null; lastsMs: number; begun: boolean; hostname: string | null }>(database.db, {
    text: `select l.task_id as "taskId", l.host_id as "hostId", extract(epoch from l.expires_at - l.queued_at)::int * 1000 as "lastsMs", l.started_at is not null as begun, ti.hostname
      from lease l join task_instance ti on ti.id = l.task_instance_id where l.dag_run_id = $1 order by l.task_id`,
    values: [dagRunId],
  });
  expect(leases).toEqual([
    { taskId: "a", hostId: null, lastsMs: 600_000, begun: false, hostname: null },
    { taskId: "b", hostId: null, lastsMs: 600_000, begun: false, hostname: null },
    { taskId: "c", hostId: HOST, lastsMs: 10_000, begun: true, hostname: "box" },
    { taskId: "d", hostId: HOST, lastsMs: 10_000, begun: true, hostname: "box" },
  ]);
  expect(started).toEqual(["d", "c"]);
  await finish(grantsOf(dispatched));
  const { granted } = await engine.exchange({
    hostId: HOST,
    starts: dispatched.commands.map(({ attemptId }) => attemptId),
    finishes: [],
    want: 0,
    queues: null,
  });
  await finish(granted);
  expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", c: "success", d: "success" });
});

test("nothing begins without a place, a clock or a host", async () => {
  await storeDags(engine, dagSpec("none", [task("a"), task("b"), task("c")], { maxActiveTasks: 1 }));
  await trigger(engine, "none");
  expect(await dispatch(0)).toMatchObject({ commands: [{ taskId: "a" }], begun: [] });
  await drain(engine);
  await trigger(engine, "none");
  const executors = [{ name: "local", free: 5, host: { hostId: HOST, places: 5 } }];
  expect(await engine.dispatch({ schedulerId, parallelism: 100, limit: 100, executors })).toMatchObject({ commands: [{}], begun: [] });
  await builder(database.db).deleteFrom("lease").execute();
  await builder(database.db).deleteFrom("task_queue").execute();
});

test("what has begun counts against the limits of its run and pool, and the parallelism", async () => {
  await builder(database.db).insertInto("pool").values({ name: "two", slots: 2 }).execute();
  const three = (fields: Partial<TaskSpec> = {}) => ["a", "b", "c"].map((id) => task(id, fields));
  await storeDags(engine, dagSpec("run_limit", three(), { maxActiveTasks: 2 }));
  await storeDags(engine, dagSpec("pool_limit", three({ pool: "two" })));
  await storeDags(engine, dagSpec("no_limit", three()));
  for (const [dagId, parallelism] of [
    ["run_limit", 100],
    ["pool_limit", 100],
    ["no_limit", 2],
  ] as const) {
    const { dagRunId } = await trigger(engine, dagId);
    const first = await dispatch(1, { parallelism });
    expect([begunTasks(first), queuedTasks(first)]).toEqual([["a"], ["b"]]);
    // Room in the host opens no limit.
    expect(await dispatch(5, { parallelism })).toMatchObject({ commands: [], begun: [] });
    await finish(grantsOf(first));
    const second = await dispatch(5, { parallelism });
    expect(begunTasks(second)).toEqual(["c"]);
    await finish(grantsOf(second));
    const { granted } = await engine.exchange({
      hostId: HOST,
      starts: first.commands.map(({ attemptId }) => attemptId),
      finishes: [],
      want: 0,
      queues: null,
    });
    await finish(granted);
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "success", b: "success", c: "success" });
  }
});

test("another try is queued: what the one before left behind is taken away when the runner asks", async () => {
  await storeDags(engine, dagSpec("tried", [task("a", { retries: 1, retryDelayMs: 0 })]));
  await trigger(engine, "tried");
  await finish(grantsOf(await dispatch(5)), failure());
  await engine.fireTimers({ limit: 10 });
  const again = await dispatch(5);
  expect([begunTasks(again), queuedTasks(again)]).toEqual([[], ["a"]]);
  await builder(database.db).deleteFrom("lease").execute();
});

test("what cannot have its inputs fails alone, and no host is told of it", async () => {
  const inputs: TaskSpec["inputs"] = { n: { kind: "xcom", taskId: "start", key: "return_value", path: ["part"] } };
  await storeDags(
    engine,
    dagSpec("unstartable", [task("start"), task("bad", { upstream: ["start"], inputs }), task("good", { upstream: ["start"] })]),
  );
  const { dagRunId } = await trigger(engine, "unstartable");
  await finish(grantsOf(await dispatch(5)), ok(7));
  const dispatched = await dispatch(5);
  expect([begunTasks(dispatched), queuedTasks(dispatched)]).toEqual([["good"], []]);
  await finish(grantsOf(dispatched));
  expect(await statesOf(database.db, dagRunId)).toEqual({ start: "success", bad: "failed", good: "success" });
  const [bad] = await builder(database.db)
    .selectFrom("task_instance")
    .select("failure")
    .where("dag_run_id", "=", dagRunId)
    .where("task_id", "=", "bad")
    .execute();
  expect(bad!.failure).toMatchObject({ reason: "rejected", message: expect.stringContaining('without "part"') as string });
});

test("another try is queued for a host that asks, and keeps its place from what is worse", async () => {
  const tasks = [task("best", { priorityWeight: 10, retries: 1, retryDelayMs: 0 }), task("worse", { priorityWeight: 1 })];
  await storeDags(engine, dagSpec("again", tasks));
  await trigger(engine, "again");
  const first = await dispatch(1, { parallelism: 1 });
  expect([begunTasks(first), queuedTasks(first)]).toEqual([["best"], []]);
  await finish(grantsOf(first), failure());
  await engine.fireTimers({ limit: 10 });
  const second = await dispatch(1);
  expect([begunTasks(second), queuedTasks(second)]).toEqual([[], ["best", "worse"]]);
  await run(database.db, { text: "delete from lease" });
  await engine.deleteDag({ dagId: "again", actor: { name: "ada" } });
});

test.each([
  ["for a connection", [0, 2_600], []],
  ["for a lock", [0, 0, 0, 2_600], []],
  ["for neither", [0, 0, 0, 2_400], ["a"]],
])(
  "a transaction that has waited %s for a good part of a lease begins nothing: how things stand at the host is not known, or the lease is half over",
  async (_, times, begun) => {
    await storeDags(engine, dagSpec("late", [task("a")]));
    await trigger(engine, "late");
    const left = [...times];
    const dispatched = await dispatch(5, { monotonicNow: () => (left.length > 1 ? left.shift()! : left[0]!) });
    expect([begunTasks(dispatched), queuedTasks(dispatched)]).toEqual(begun.length > 0 ? [begun, []] : [[], ["a"]]);
    await run(database.db, { text: "delete from lease" });
    await engine.deleteDag({ dagId: "late", actor: { name: "ada" } });
  },
);

test("what the host was not told of it is granted again when it asks what runs on it, and runs once", async () => {
  await storeDags(engine, dagSpec("untold", [task("a")]));
  const { dagRunId } = await trigger(engine, "untold");
  const [lost] = grantsOf(await dispatch(5));
  const { next, ...rest } = await ask([]);
  expect(rest).toEqual({ granted: [], refused: [], finished: [] });
  expect(next).toEqual([lost]);
  expect((await ask([lost!.attemptId])).next).toEqual([]);
  await finish(next);
  expect((await ask([])).next).toEqual([]);
  const [{ tries }] = (await run<{ tries: number }>(database.db, {
    text: "select max(try_number)::int as tries from task_instance where dag_run_id = $1",
    values: [dagRunId],
  })) as [{ tries: number }];
  expect([tries, await statesOf(database.db, dagRunId)]).toEqual([1, { a: "success" }]);
});

test("when its connection is lost over what it begins, dispatch is done again, and says that it cannot be sure", async () => {
  await storeDags(engine, dagSpec("cut", [task("a")]));
  const { dagRunId } = await trigger(engine, "cut");
  const before = clock;
  const dispatching = await transaction(database.db, async (tx) => {
    await run(tx, { text: "select 1 from task_instance where dag_run_id = $1 for update", values: [dagRunId] });
    const asked = dispatch(5);
    await untilBlocked(database.db);
    await run(database.db, {
      text: "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    });
    return [asked] as const;
  }).then(([asked]) => asked);
  expect([begunTasks(dispatching), dispatching.isUnsure]).toEqual([["a"], true]);
  // Read again: the lease of the second try is not taken for as old as the first one's.
  expect(dispatching.leasedAtMs).toBeGreaterThan(before + 2);
  await finish(grantsOf(dispatching));
  expect(await dispatchOnce(engine)).toEqual([]);
});
