import { afterAll, beforeAll, expect, test } from "vitest";
import { useTestDatabase } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, HOST, SCHEDULER, startEngine, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let nowMs = Date.parse("2026-03-01T00:00:00Z");
const clock = { now: () => new Date(nowMs) };
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock });
});
afterAll(() => engine.close());

test("queued attempts are listed for a look into their transport: only those that have waited a while and are with one, page by page", async () => {
  await storeDags(engine, dagSpec("waits", [task("a"), task("b"), task("c"), task("d")]));
  await trigger(engine, "waits");
  const [started, stopped, lost, ...rest] = await dispatchOnce(engine);
  expect(await listQueued()).toEqual([]);
  await engine.exchange({ hostId: HOST, starts: [started!], finishes: [], want: 0, queues: null });
  nowMs += 5_000;
  const inOrder = [stopped!, lost!, ...rest].sort((a, b) => (a < b ? -1 : 1));
  expect((await listQueued()).map((command) => command.attemptId)).toEqual(inOrder);
  expect(await listQueued({ executors: ["other"] })).toEqual([]);
  expect(await listQueued({ schedulerId: "00000000-0000-7000-8000-00000000dead" })).toEqual([]);
  const [first] = await listQueued({ limit: 1 });
  expect((await listQueued({ after: first!.attemptId })).map((command) => command.attemptId)).toEqual(inOrder.slice(1));
  // It is to be handed out anew in a moment, and until then with no transport.
  await engine.loseAttempts([{ attemptId: lost!, reason: "rejected", message: "no room" }]);
  expect(await listQueued()).toHaveLength(1 + rest.length);
});

function listQueued(options: Partial<Parameters<Engine["listQueuedAttempts"]>[0]> = {}): ReturnType<Engine["listQueuedAttempts"]> {
  return engine.listQueuedAttempts({ schedulerId: SCHEDULER, executors: ["local"], queuedForMs: 5_000, after: null, limit: 10, ...options });
}
