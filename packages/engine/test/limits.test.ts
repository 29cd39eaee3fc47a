import { afterAll, beforeAll, expect, test } from "vitest";
import { useTestDatabase, builder, run } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, dispatchOnce, drain, HOST, ok, runStateOf, startEngine, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
let other: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
  other = await startEngine(database);
  await builder(database.db)
    .insertInto("pool")
    .values([
      { name: "three", slots: 3 },
      { name: "closed", slots: 0 },
    ])
    .execute();
});
afterAll(() => Promise.all([engine.close(), other.close()]));

const many = (count: number, fields: Parameters<typeof task>[1] = {}) => Array.from({ length: count }, (_, index) => task(`t${index}`, fields));

test("a full pool hides nobody else's work, whatever its priority", async () => {
  await storeDags(engine, dagSpec("hog", many(300, { pool: "closed", priorityWeight: 1_000 }), { maxActiveTasks: 1_000 }));
  await storeDags(engine, dagSpec("modest", [task("a")]));
  await trigger(engine, "hog");
  const { dagRunId } = await trigger(engine, "modest");
  expect((await drain(engine)).map((grant) => grant.context.dagId)).toEqual(["modest"]);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  await engine.deleteDag({ dagId: "hog", actor: { name: "test" } });
});

test("a task whose pool can never take it says so, and is taken once the pool can", async () => {
  await storeDags(engine, dagSpec("lost", [task("nowhere", { pool: "missing" }), task("greedy", { pool: "three", poolSlots: 4 })]));
  const { dagRunId } = await trigger(engine, "lost");
  expect(await drain(engine)).toEqual([]);
  await engine.sweep({ limit: 100 });
  const reasons = async () =>
    (
      await builder(database.db).selectFrom("task_instance").select("state_reason").where("dag_run_id", "=", dagRunId).orderBy("task_id").execute()
    ).map((row) => row.state_reason);
  expect(await reasons()).toEqual(['it needs 4 slots of pool "three", which has only 3 in all', 'pool "missing" does not exist']);
  await builder(database.db).insertInto("pool").values({ name: "missing", slots: 1 }).execute();
  expect((await drain(engine)).map((grant) => grant.context.taskId)).toEqual(["nowhere"]);
  expect(await reasons()).toEqual(['it needs 4 slots of pool "three", which has only 3 in all', null]);
  await engine.setDagRunState({ dagId: "lost", runId: await runIdOf(dagRunId), state: "failed", actor: { name: "test" } });
});

const runIdOf = async (dagRunId: number): Promise<string> =>
  (await builder(database.db).selectFrom("dag_run").select("run_id").where("id", "=", dagRunId).executeTakeFirstOrThrow()).run_id;

test("max_active_tasks: what is beyond it waits parked, and comes back one for one", async () => {
  await storeDags(engine, dagSpec("wide", many(40), { maxActiveTasks: 4 }));
  const { dagRunId } = await trigger(engine, "wide");
  const parked = async (): Promise<number> =>
    (await builder(database.db).selectFrom("task_queue").select("task_instance_id").where("parked_key", "is not", null).execute()).length;
  expect(await parked()).toBe(36);
  const starts = await dispatchOnce(engine);
  expect(starts).toHaveLength(4);
  expect(await dispatchOnce(engine)).toEqual([]);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  const finishes = granted.slice(0, 3).map((grant) => ({ attemptId: grant.attemptId, outcome: ok(), durationMs: 1 }));
  const { next } = await engine.exchange({ hostId: HOST, starts: [], finishes, want: 3, queues: null });
  expect(next).toHaveLength(3);
  expect(await parked()).toBe(33);
  await engine.exchange({
    hostId: HOST,
    starts: [],
    finishes: [...granted.slice(3), ...next].map((grant) => ({ attemptId: grant.attemptId, outcome: ok(), durationMs: 1 })),
    want: 0,
    queues: null,
  });
  await drain(engine);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});

test("parallelism counts per scheduler, and a paused DAG is not queued", async () => {
  await storeDags(engine, dagSpec("plenty", many(10)));
  await trigger(engine, "plenty");
  const first = await dispatchOnce(engine, { parallelism: 3 });
  expect(first).toHaveLength(3);
  expect(await dispatchOnce(engine, { parallelism: 3 })).toEqual([]);
  expect(await dispatchOnce(other, { parallelism: 2, schedulerId: "00000000-0000-7000-8000-000000000002" })).toHaveLength(2);
  await engine.setPaused({ dagId: "plenty", isPaused: true, actor: { name: "test" } });
  expect(await dispatchOnce(engine)).toEqual([]);
  await engine.setPaused({ dagId: "plenty", isPaused: false, actor: { name: "test" } });
  expect(await dispatchOnce(engine)).toHaveLength(5);
  await engine.deleteDag({ dagId: "plenty", actor: { name: "test" } });
});

interface Usage {
  pool: number;
  run: number;
  task: number;
  runtask: number;
}

/** The most that ever is live under each limit, by one statement over the leases. */
async function worstUsage(): Promise<Usage> {
  const [row] = await run<Usage>(database.db, {
    text: `select
      coalesce((select sum(pool_slots) from lease where pool = 'three'), 0)::int as pool,
      coalesce((select max(n) from (select count(*)::int n from lease group by dag_run_id) x), 0) as run,
      coalesce((select max(n) from (select count(*)::int n from lease where task_id = 'capped' group by dag_id) x), 0) as task,
      coalesce((select max(n) from (select count(*)::int n from lease where task_id = 'each' group by dag_run_id) x), 0) as runtask`,
  });
  return row!;
}

test("two engines and four hosts at once: no limit is ever exceeded, nothing runs twice, everything ends", { timeout: 60_000 }, async () => {
  const each = { mapping: { kind: "expand" as const, order: ["x"], inputs: { x: { kind: "value" as const, value: [1, 2, 3, 4, 5, 6, 7, 8] } } } };
  const tasks = [
    task("start"),
    task("capped", { upstream: ["start"], maxActiveTisPerDag: 2 }),
    task("each", { upstream: ["start"], maxActiveTisPerDagrun: 2, ...each }),
    ...["p", "q"].map((id) => task(id, { upstream: ["start"], pool: "three" })),
    task("big", { upstream: ["start"], pool: "three", poolSlots: 2 }),
    task("end", { upstream: ["capped", "each", "p", "q", "big"] }),
  ];
  await storeDags(engine, dagSpec("busy", tasks, { maxActiveTasks: 5, maxActiveRuns: 8 }));
  const runs = await Promise.all(Array.from({ length: 24 }, () => trigger(engine, "busy")));
  const seen: string[] = [];
  const worst: Usage = { pool: 0, run: 0, task: 0, runtask: 0 };
  const isOver = async (): Promise<boolean> =>
    (await builder(database.db).selectFrom("dag_run").select("id").where("dag_id", "=", "busy").where("state", "in", ["queued", "running"]).execute())
      .length === 0;
  let over = false;

  async function host(mine: Engine, index: number): Promise<void> {
    const hostId = `host-l${index}`;
    await mine.registerHost({ hostId, executor: "local", hostname: "box", pid: 1, version: "1", slots: 4, queues: null });
    const schedulerId = `00000000-0000-7000-8000-00000000010${index}`;
    while (!over) {
      await mine.startQueuedRuns({ limit: 20 });
      const starts = await dispatchOnce(mine, { schedulerId, parallelism: 6, free: 3 });
      let { granted } = await mine.exchange({ hostId, starts, finishes: [], want: 0, queues: null });
      while (granted.length > 0) {
        seen.push(...granted.map((grant) => `${grant.taskInstanceId}`));
        const used = await worstUsage();
        for (const key of Object.keys(worst) as (keyof Usage)[]) worst[key] = Math.max(worst[key], used[key]);
        const finishes = granted.map((grant) => ({ attemptId: grant.attemptId, outcome: ok(1), durationMs: 1 }));
        granted = (await mine.exchange({ hostId, starts: [], finishes, want: finishes.length, queues: null })).next;
      }
      over ||= await isOver();
    }
  }
  await Promise.all([host(engine, 0), host(other, 1), host(engine, 2), host(other, 3)]);
  for (const { dagRunId } of runs)
    expect(await runStateOf(database.db, dagRunId)).toEqual({ state: "success", reason: null, unfinished: 0, live: 0 });
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toHaveLength(24 * 14);
  expect(worst.pool).toBeLessThanOrEqual(3);
  expect(worst.run).toBeLessThanOrEqual(5);
  expect(worst.task).toBeLessThanOrEqual(2);
  expect(worst.runtask).toBeLessThanOrEqual(2);
  expect(Math.min(...Object.values(worst))).toBeGreaterThan(1);
  expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
});

test("starved pools are excluded: what waits for a full pool holds back nothing else of its run", async () => {
  await run(database.db, { text: "insert into pool (name, slots) values ('narrow', 1)" });
  await storeDags(engine, dagSpec("taker", [task("t", { pool: "narrow" })]));
  await storeDags(
    engine,
    dagSpec("held", [task("wide", { pool: "narrow", priorityWeight: 9 }), task("other"), task("more", { priorityWeight: 0 })], { maxActiveTasks: 1 }),
  );
  await trigger(engine, "taker");
  await dispatchOnce(engine);
  await trigger(engine, "held");
  const { granted } = await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
  expect(granted.map((grant) => grant.context.taskId)).toEqual(["other"]);
  expect(await dispatchOnce(engine)).toEqual([]);
  // When it ends, the next one of its pool follows, although the one with the greater weight still waits.
  const done = { attemptId: granted[0]!.attemptId, outcome: { kind: "success" as const }, durationMs: 1 };
  const { next } = await engine.exchange({ hostId: HOST, starts: [], finishes: [done], want: 1, queues: null });
  expect(next.map((grant) => grant.context.taskId)).toEqual(["more"]);
  for (const dagId of ["taker", "held"]) await run(database.db, { text: "delete from dag_run where dag_id = $1", values: [dagId] });
});
