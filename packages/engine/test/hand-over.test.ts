import type { AttemptGrant } from "@tradewind/contract";
import { transaction } from "@tradewind/metadata";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, dispatchOnce, drain, HOST, ok, startEngine, storeDags, task, trigger } from "./fixture.ts";

/**
 * Where nothing waits, what becomes ready takes the slot that became free in the same transaction, and is never in the queue. In every other case it has to stand in line: these tests have something wait, in all the
 * places where it may, and look who begins. That it was handed over is seen by the round trips: two, and three by way of the queue.
 */
const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { executors: ["local"] });
  await builder(database.db).insertInto("pool").values({ name: "one", slots: 1 }).execute();
});
afterAll(() => engine.close());

// Hosts and DAG versions are known, and the queue was seen empty, as in a system that has been at work for a while.
beforeEach(async () => {
  await storeDags(engine, dagSpec("warm", [task("a"), task("b", { upstream: ["a"] })]));
  await trigger(engine, "warm");
  await drain(engine);
  const { queue, leases } = await countAlive(database.db);
  if (queue + leases > 0) throw new Error(`The test before left ${queue} rows in the queue and ${leases} leases.`);
});

const actor = { name: "ada" };

async function begin(limit = 100): Promise<AttemptGrant[]> {
  const starts = await dispatchOnce(engine, { limit });
  return (await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null })).granted;
}

async function end(running: readonly AttemptGrant[], { want = running.length, queues = null as string[] | null } = {}) {
  const before = database.hot.traffic.roundTrips;
  const finishes = running.map(({ attemptId }) => ({ attemptId, outcome: ok(), durationMs: 1 }));
  const { next, finished } = await engine.exchange({ hostId: HOST, starts: [], finishes, want, queues });
  const roundTrips = database.hot.traffic.roundTrips - before;
  await engine.idle();
  expect(finished.every((one) => one.accepted)).toBe(true);
  return { next, began: next.map(({ context }) => context.taskId).toSorted(), isHandedOver: roundTrips === 2 };
}

async function endAll(running: readonly AttemptGrant[]): Promise<string[]> {
  const began: string[] = [];
  for (let left = running; left.length > 0;) {
    const { next } = await end(left);
    began.push(...next.map(({ context }) => context.taskId));
    left = next;
  }
  return [...began, ...(await drain(engine)).map(({ context }) => context.taskId)];
}

const instanceOf = async (dagId: string, taskId: string) =>
  builder(database.db).selectFrom("task_instance").selectAll().where("dag_id", "=", dagId).where("task_id", "=", taskId).executeTakeFirstOrThrow();

test("a step of a chain: the next task begins as if it had been queued and granted", async () => {
  await storeDags(engine, dagSpec("chain", [task("a"), task("b", { upstream: ["a"] }), task("c", { upstream: ["b"] })]));
  await trigger(engine, "chain");
  const first = await begin();
  const second = await end(first);
  expect(second).toMatchObject({ began: ["b"], isHandedOver: true });
  const [b, lease] = await Promise.all([instanceOf("chain", "b"), builder(database.db).selectFrom("lease").selectAll().executeTakeFirstOrThrow()]);
  expect(b).toMatchObject({ state: "running", try_number: 1, attempt_id: second.next[0]!.attemptId });
  for (const stamp of [b.scheduled_when, b.queued_when, b.start_date]) expect(stamp).toBeInstanceOf(Date);
  expect(lease).toMatchObject({
    attempt_id: b.attempt_id,
    task_instance_id: b.id,
    state: "running",
    host_id: HOST,
    pool: "default_pool",
    dag_id: "chain",
  });
  const third = await end(second.next);
  expect(third).toMatchObject({ began: ["c"], isHandedOver: true });
  expect(await end(third.next)).toMatchObject({ began: [] });
});

test("two slots, two chains, one transaction; what is more than there are slots goes through the queue", async () => {
  await storeDags(engine, dagSpec("pair", [task("a"), task("b", { upstream: ["a"] }), task("x"), task("y", { upstream: ["x"] })]));
  await trigger(engine, "pair");
  expect(await end(await begin())).toMatchObject({ began: ["b", "y"], isHandedOver: true });
  await storeDags(
    engine,
    dagSpec("fan", [task("a"), task("b", { upstream: ["a"], priorityWeight: 1 }), task("c", { upstream: ["a"], priorityWeight: 2 })]),
  );
  await trigger(engine, "fan");
  const fan = (await begin()).filter(({ context }) => context.dagId === "fan");
  expect(await end(fan)).toMatchObject({ began: ["c"], isHandedOver: false });
  await run(database.db, { text: "delete from lease" });
  await engine.deleteDag({ dagId: "fan", actor });
  await engine.deleteDag({ dagId: "pair", actor });
});

test("who waits for the pool goes first, though it could not be seen while the pool was full", async () => {
  await storeDags(engine, dagSpec("holder", [task("a", { pool: "one" }), task("b", { pool: "one", upstream: ["a"] })]));
  await storeDags(engine, dagSpec("waiter", [task("urgent", { pool: "one", priorityWeight: 10 })]));
  await trigger(engine, "holder");
  const running = await begin();
  await trigger(engine, "waiter");
  expect(await begin()).toEqual([]);
  const { began, isHandedOver, next } = await end(running);
  expect({ began, isHandedOver }).toEqual({ began: ["urgent"], isHandedOver: false });
  expect(await endAll(next)).toEqual(["b"]);
});

test("a slot of a pool that was made smaller meanwhile is not given on", async () => {
  await storeDags(engine, dagSpec("shrinking", [task("a", { pool: "one" }), task("b", { pool: "one", upstream: ["a"] })]));
  await trigger(engine, "shrinking");
  const running = await begin();
  await run(database.db, { text: "update pool set slots = 0 where name = 'one'" });
  expect(await end(running)).toMatchObject({ began: [] });
  await run(database.db, { text: "update pool set slots = 1 where name = 'one'" });
  expect((await drain(engine)).map(({ context }) => context.taskId)).toEqual(["b"]);
});

test("who is parked behind a limit of the run, or of the task, goes first", async () => {
  const parked = task("parked", { priorityWeight: 10 });
  await storeDags(engine, dagSpec("narrow", [task("a", { priorityWeight: 20 }), task("b", { upstream: ["a"] }), parked], { maxActiveTasks: 1 }));
  await trigger(engine, "narrow");
  const ofRun = await end(await begin());
  expect(ofRun).toMatchObject({ began: ["parked"], isHandedOver: false });
  expect(await endAll(ofRun.next)).toEqual(["b"]);

  await storeDags(engine, dagSpec("single", [task("a", { maxActiveTisPerDag: 1, priorityWeight: 10 }), task("b", { upstream: ["a"] })]));
  await trigger(engine, "single");
  const first = await begin();
  await trigger(engine, "single");
  expect(await begin()).toEqual([]);
  const ofTask = await end(first);
  expect(ofTask).toMatchObject({ began: ["a"], isHandedOver: false });
  expect((await endAll(ofTask.next)).toSorted()).toEqual(["b", "b"]);
});

test("a limit of the task itself, a paused DAG, another executor, another queue, another dispatcher: through the queue", async () => {
  const { limited, paused, elsewhere, apart, busy } = { limited: "limited", paused: "paused", elsewhere: "elsewhere", apart: "apart", busy: "busy" };
  const chain = (dagId: string, fields: Parameters<typeof task>[1]) => dagSpec(dagId, [task("a"), task("b", { upstream: ["a"], ...fields })]);
  await storeDags(
    engine,
    chain(limited, { maxActiveTisPerDagrun: 1 }),
    chain(paused, {}),
    chain(elsewhere, { executor: "gone" }),
    chain(apart, { queue: "gpu" }),
    chain(busy, {}),
  );

  await trigger(engine, limited);
  expect(await end(await begin())).toMatchObject({ began: ["b"], isHandedOver: false });
  await run(database.db, { text: "delete from lease" });
  await engine.deleteDag({ dagId: limited, actor });

  await trigger(engine, paused);
  const running = await begin();
  await engine.setPaused({ dagId: paused, isPaused: true, actor });
  expect(await end(running)).toMatchObject({ began: [] });
  await engine.setPaused({ dagId: paused, isPaused: false, actor });
  expect((await drain(engine)).map(({ context }) => context.taskId)).toEqual(["b"]);

  for (const [dagId, queues] of [
    [elsewhere, null],
    [apart, ["default"]],
  ] as const) {
    await trigger(engine, dagId);
    expect(await end(await begin(), { queues: queues === null ? null : [...queues] })).toMatchObject({ began: [] });
    expect(await countAlive(database.db)).toMatchObject({ queue: 1, leases: 0 });
    await engine.deleteDag({ dagId, actor });
  }

  await trigger(engine, busy);
  const last = await begin();
  await transaction(database.open({ maxConnections: 1 }), async (tx) => {
    await run(tx, { text: "select pg_advisory_xact_lock(7236001)" });
    expect(await end(last)).toMatchObject({ began: [] });
  });
  expect((await drain(engine)).map(({ context }) => context.taskId)).toEqual(["b"]);
});

test("leases of the run count that no state tells of: what was marked while it runs still takes a place", async () => {
  await storeDags(
    engine,
    dagSpec("marked", [task("a"), task("b", { upstream: ["a"] }), task("x"), task("y", { upstream: ["x"] }), task("z", { upstream: ["x"] })], {
      maxActiveTasks: 2,
    }),
  );
  const { runId } = await trigger(engine, "marked");
  const running = await begin();
  expect(running.map(({ context }) => context.taskId).toSorted()).toEqual(["a", "x"]);
  // Its process goes on until it hears of it; y and z are ready, and one of them is held back by its lease.
  await engine.setTaskInstanceState({
    ...{ dagId: "marked", runId, taskId: "x", state: "success", actor, dryRun: false },
    ...{ includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false },
  });
  const a = running.filter(({ context }) => context.taskId === "a");
  await end(a);
  const { leases } = await countAlive(database.db);
  expect(leases).toBeLessThanOrEqual(2);
  await run(database.db, { text: "delete from lease" });
  await engine.deleteDag({ dagId: "marked", actor });
});

test("a run that was moved to another version between two of its attempts: what the earlier one gives back is not overlooked", async () => {
  // Only in the later version has `a` a limit over all runs, behind which another run's is parked while this one's goes on.
  const version = (maxActiveTisPerDag: number | null) =>
    dagSpec("moved", [task("a", { maxActiveTisPerDag }), task("z"), task("b", { upstream: ["z"] }), task("c", { upstream: ["b"] })], {
      maxActiveRuns: 2,
    });
  await storeDags(engine, version(null));
  const { runId } = await trigger(engine, "moved");
  const [a, z] = (await begin()).toSorted((one, other) => one.context.taskId.localeCompare(other.context.taskId));
  await end([z!], { want: 0 });
  await storeDags(engine, version(1));
  await engine.addNewTasks({ dagId: "moved", runId, actor, dryRun: false });
  const later = await begin();
  expect(later.map(({ context }) => [context.taskId, context.dagVersion])).toEqual([["b", 2]]);
  await trigger(engine, "moved");
  expect((await begin()).map(({ context }) => context.taskId)).toEqual(["z"]);
  expect(await begin()).toEqual([]);
  expect(await end([a!, ...later])).toMatchObject({ began: ["a", "c"], isHandedOver: false });
  await run(database.db, { text: "delete from lease" });
  await engine.deleteDag({ dagId: "moved", actor });
});

test("a task that is handed over gets the conf of its run, however large", async () => {
  await storeDags(engine, dagSpec("large", [task("a"), task("b", { upstream: ["a"] })]));
  const conf = { text: "x".repeat(100_000) };
  await trigger(engine, "large", { conf });
  const { next, began } = await end(await begin());
  expect(began).toEqual(["b"]);
  expect(next[0]!.context.conf).toEqual(conf);
  await end(next);
});
