import type { AttemptGrant, ExchangeRequest } from "@tradewind/contract";
import { transaction } from "@tradewind/metadata";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, HOST, ok, startEngine, statesOf, storeDags, task, trigger } from "./fixture.ts";

/**
 * The answer to an exchange may be lost: a connection breaks, a server ends behind its commit. What was granted in it is running, as far as the server knows, and nobody runs it. The host repeats its
 * request, says what it knows of, and is granted the rest again: no try is spent on what nobody could begin.
 */
const database = useTestDatabase();
let engine: Engine;
/** Another server of the same installation. */
let other: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { executors: ["local"] });
  other = await startEngine(database, { executors: ["local"] });
});
afterAll(async () => {
  await engine.close();
  await other.close();
});

async function begin(dagId: string): Promise<{ dagRunId: number; first: AttemptGrant }> {
  await storeDags(engine, dagSpec(dagId, [task("a"), task("b", { upstream: ["a"] }), task("c", { upstream: ["b"] })]));
  const { dagRunId } = await trigger(engine, dagId);
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  return { dagRunId, first: granted[0]! };
}

const finishOf = ({ attemptId }: AttemptGrant): ExchangeRequest => ({
  hostId: HOST,
  starts: [],
  finishes: [{ attemptId, outcome: ok(), durationMs: 1 }],
  want: 1,
  queues: null,
});
const idsOf = (grants: readonly AttemptGrant[]): string[] => grants.map(({ attemptId }) => attemptId);

/** Sessions that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await run<{ count: number }>(database.db, {
    text: "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  });
  return row!.count;
}

async function endOf(dagRunId: number, running: AttemptGrant): Promise<unknown> {
  const { next } = await engine.exchange(finishOf(running));
  for (const grant of next) await engine.exchange({ ...finishOf(grant), want: 0 });
  await drain(engine);
  const tries = await builder(database.db).selectFrom("task_instance").select("try_number").where("dag_run_id", "=", dagRunId).execute();
  expect(tries.map((row) => row.try_number)).toEqual([1, 1, 1]);
  return statesOf(database.db, dagRunId);
}

test.each([
  ["by the same server", () => engine, true],
  ["by another one, as after a restart", () => other, false],
])("is granted again %s", async (_where, server, isRemembered) => {
  const { dagRunId, first } = await begin(`again_${isRemembered}`);
  const lost = await engine.exchange(finishOf(first));
  expect(lost.next.map(({ context }) => context.taskId)).toEqual(["b"]);
  const answer = await server().exchange({ ...finishOf(first), known: [first.attemptId] });
  expect(answer.finished).toMatchObject([{ attemptId: first.attemptId, accepted: isRemembered }]);
  expect(idsOf(answer.next)).toEqual(idsOf(lost.next));
  expect(answer.next[0]).toMatchObject({ inputs: lost.next[0]!.inputs, context: { ...lost.next[0]!.context } });
  expect(await endOf(dagRunId, answer.next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});

test("nothing but that is: not what the host knows of, what it did not ask about, what another host runs, or what is to stop", async () => {
  const { dagRunId, first } = await begin("nothing_else");
  const { next } = await engine.exchange(finishOf(first));
  const [known, unknown] = [[first.attemptId, next[0]!.attemptId], [first.attemptId]];
  expect((await engine.exchange({ ...finishOf(first), known })).next).toEqual([]);
  expect((await engine.exchange(finishOf(first))).next).toEqual([]);
  await engine.registerHost({ hostId: "host-2", executor: "local", hostname: "box", pid: 2, version: "1", slots: 1, queues: null });
  expect((await engine.exchange({ ...finishOf(first), hostId: "host-2", known: unknown })).next).toEqual([]);
  await builder(database.db).updateTable("lease").set({ stop_reason: "cleared" }).where("attempt_id", "=", next[0]!.attemptId).execute();
  expect((await engine.exchange({ ...finishOf(first), known: unknown })).next).toEqual([]);
  await builder(database.db).updateTable("lease").set({ stop_reason: null }).where("attempt_id", "=", next[0]!.attemptId).execute();
  expect(await endOf(dagRunId, next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});

test("also when the request is repeated to another server while the first one is still at work on it", async () => {
  const { dagRunId, first } = await begin("at_work");
  const [one, repeated] = await transaction(database.db, async (tx) => {
    // What the first one is about to write.
    await run(tx, { text: "select 1 from task_instance where dag_run_id = $1 and task_id = 'b' for update", values: [dagRunId] });
    const atWork = engine.exchange(finishOf(first));
    while ((await waiting()) < 1);
    const again = other.exchange({ ...finishOf(first), known: [first.attemptId] });
    while ((await waiting()) < 2);
    return [atWork, again] as const;
  }).then((both) => Promise.all(both));
  expect(idsOf(one.next)).toHaveLength(1);
  expect(idsOf(repeated.next)).toEqual(idsOf(one.next));
  expect(await endOf(dagRunId, repeated.next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});

test("not what is about to be taken for lost: whoever sees to that may have begun", async () => {
  const { dagRunId, first } = await begin("expiring");
  const { next } = await engine.exchange(finishOf(first));
  const setEnd = (expiresAt: Date) =>
    builder(database.db).updateTable("lease").set({ expires_at: expiresAt }).where("attempt_id", "=", next[0]!.attemptId).execute();
  const repeat = { ...finishOf(first), known: [first.attemptId] };
  await setEnd(new Date(Date.now() + 100));
  expect((await engine.exchange(repeat)).next).toEqual([]);
  await setEnd(new Date(Date.now() - 1_000));
  expect((await engine.exchange(repeat)).next).toEqual([]);
  const asked = await engine.exchange({ ...repeat, known: [], finishes: [], want: 0, starts: idsOf(next) });
  expect(asked).toMatchObject({ granted: [], next: [], refused: [{ attemptId: next[0]!.attemptId, code: "not_queued" }] });
  await setEnd(new Date(Date.now() + 60_000));
  expect(await endOf(dagRunId, next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});

test("to who is there, when the request that nobody waits for any more is served together with its repetition", async () => {
  const { dagRunId, first } = await begin("together");
  const [, answer] = await Promise.all([engine.exchange(finishOf(first)), engine.exchange({ ...finishOf(first), known: [first.attemptId] })]);
  expect(answer.finished).toMatchObject([{ accepted: true }]);
  expect(answer.next.map(({ context }) => context.taskId)).toEqual(["b"]);
  expect(await endOf(dagRunId, answer.next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});

test("also when something in the repeated request cannot be stored, and it is taken apart", async () => {
  const { dagRunId, first } = await begin("taken_apart");
  const { dagRunId: otherRunId, first: broken } = await begin("taken_apart_broken");
  const lost = await engine.exchange(finishOf(first));
  const finishes = [
    ...finishOf(first).finishes,
    { attemptId: broken.attemptId, outcome: { kind: "success" as const, result: '"\u0000"' }, durationMs: 1 },
  ];
  const answer = await engine.exchange({ ...finishOf(first), finishes, known: [first.attemptId, broken.attemptId] });
  expect(answer.finished.map(({ accepted }) => accepted)).toEqual([true, true]);
  expect(idsOf(answer.next)).toEqual(idsOf(lost.next));
  expect(await endOf(dagRunId, answer.next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
  expect(await statesOf(database.db, otherRunId)).toMatchObject({ a: "failed" });
});

test("a failure while it writes is the failure of the request, and nothing besides", async () => {
  const { dagRunId, first } = await begin("cut_off");
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const answer = await transaction(database.db, async (tx) => {
    await run(tx, { text: "select 1 from task_instance where dag_run_id = $1 and task_id = 'b' for update", values: [dagRunId] });
    const asked = engine.exchange({ ...finishOf(first), known: [first.attemptId] });
    while ((await waiting()) < 1);
    await run(database.db, {
      text: "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    });
    return [asked.catch(() => null)] as const;
  }).then(([asked]) => asked);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  const { next } = answer ?? (await engine.exchange({ ...finishOf(first), known: [first.attemptId] }));
  expect(await endOf(dagRunId, next[0]!)).toEqual({ a: "success", b: "success", c: "success" });
});
