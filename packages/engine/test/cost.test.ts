import { useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, HOST, ok, SCHEDULER, startEngine, storeDags, task, trigger } from "./fixture.ts";

/**
 * What work costs, in statements and round trips to the database. These do not depend on the machine, and time follows them: whoever makes one of these numbers larger says why, and measures.
 */
const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { executors: ["local"] });
});
afterAll(() => engine.close());

interface Cost {
  transactions: number;
  statements: number;
  roundTrips: number;
}

/** Of the hot connections: the others send wake-ups, which come together by time. */
async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = { ...database.hot.traffic };
  await work();
  await engine.idle();
  const after = database.hot.traffic;
  return {
    transactions: after.transactions - before.transactions,
    statements: after.statements - before.statements,
    roundTrips: after.roundTrips - before.roundTrips,
  };
}

async function start(): Promise<{ attemptId: string }[]> {
  const starts = await dispatchOnce(engine);
  return (await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null })).granted;
}

async function finish(running: readonly { attemptId: string }[], want = running.length): Promise<{ attemptId: string }[]> {
  const finishes = running.map(({ attemptId }) => ({ attemptId, outcome: ok(), durationMs: 1 }));
  return (await engine.exchange({ hostId: HOST, starts: [], finishes, want, queues: null })).next;
}

/** Runs a DAG once before it is measured: versions are loaded, hosts are known, as in a process that has worked for a while. */
async function warmUp(dagId: string): Promise<void> {
  await trigger(engine, dagId);
  for (let running = await start(); running.length > 0; running = await finish(running));
  await engine.idle();
}

const chain = Array.from({ length: 5 }, (_, n) => task(`t${n}`, { upstream: n === 0 ? [] : [`t${n - 1}`] }));
const parallel = (count: number) => Array.from({ length: count }, (_, n) => task(`t${n}`));

test("a step of a chain where nothing waits: one transaction, two round trips", async () => {
  await storeDags(engine, dagSpec("chain", chain));
  await warmUp("chain");
  await trigger(engine, "chain");
  let running = await start();
  const cost = await costOf(async () => {
    running = await finish(running);
  });
  expect(running).toHaveLength(1);
  expect(cost).toEqual({ transactions: 1, statements: 9, roundTrips: 2 });
});

test("a step of a chain beside something that waits: by way of the queue, a round trip more", async () => {
  await storeDags(engine, dagSpec("waits", [...chain, task("other", { priorityWeight: 0, executor: "local" })], { maxActiveTasks: 1 }));
  await warmUp("waits");
  await trigger(engine, "waits");
  let next = await finish(await start());
  const cost = await costOf(async () => {
    next = await finish(next);
  });
  expect(next).toHaveLength(1);
  expect(cost).toEqual({ transactions: 1, statements: 12, roundTrips: 3 });
  while (next.length > 0) next = await finish(next);
});

test("a run from its trigger to the start of its first task", async () => {
  await storeDags(engine, dagSpec("begin", chain));
  await warmUp("begin");
  let running: { attemptId: string }[] = [];
  expect(await costOf(() => trigger(engine, "begin"))).toEqual({ transactions: 1, statements: 8, roundTrips: 2 });
  expect(
    await costOf(async () => {
      running = await start();
    }),
  ).toEqual({ transactions: 2, statements: 7, roundTrips: 3 });
  while (running.length > 0) running = await finish(running);
});

test("the first task of a run begins in the dispatch that takes it, where a host is at hand", async () => {
  await storeDags(engine, dagSpec("at_hand", chain));
  await warmUp("at_hand");
  await trigger(engine, "at_hand");
  let running: { attemptId: string }[] = [];
  const executors = [{ name: "local", free: null, host: { hostId: HOST, places: 4 } }];
  const cost = await costOf(async () => {
    const { begun } = await engine.dispatch({ schedulerId: SCHEDULER, parallelism: 100, limit: 100, executors, monotonicNow: () => 0 });
    running = begun.flatMap(({ grants }) => grants);
  });
  expect(running).toHaveLength(1);
  expect(cost).toEqual({ transactions: 1, statements: 6, roundTrips: 2 });
  while (running.length > 0) running = await finish(running);
});

test("the end of a run whose place nobody waits for", async () => {
  await storeDags(engine, dagSpec("end", [task("only")]));
  await warmUp("end");
  await trigger(engine, "end");
  const running = await start();
  expect(await costOf(() => finish(running, 0))).toEqual({ transactions: 1, statements: 8, roundTrips: 5 });
});

test("tasks that end together cost as much as one: statements do not grow with the batch, nor with what waits", async () => {
  const costs: Cost[] = [];
  for (const count of [2, 50]) {
    await storeDags(engine, dagSpec(`wide_${count}`, parallel(count), { maxActiveTasks: 1_000 }));
    await warmUp(`wide_${count}`);
    await trigger(engine, `wide_${count}`);
    const running = await start();
    expect(running).toHaveLength(count);
    costs.push(await costOf(() => finish(running)));
  }
  expect(costs[1]).toEqual(costs[0]);
});
