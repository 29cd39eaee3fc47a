import type { AttemptGrant } from "@tradewind/executor";
import { beforeEach, describe, expect, test } from "vitest";
import { LogBook } from "../test/log-book.ts";
import { atRest, ManualClock } from "../test/manual-clock.ts";
import { command, gate, MemoryExecutor } from "../test/memory-executor.ts";
import { Delivery } from "./delivery.ts";

let clock: ManualClock;
let logger: LogBook;
let local: MemoryExecutor;
let queue: MemoryExecutor;
let delivery: Delivery;

beforeEach(() => {
  clock = new ManualClock();
  logger = new LogBook();
  local = new MemoryExecutor("local");
  queue = new MemoryExecutor("queue");
  delivery = new Delivery({ executors: [local, queue], clock, logger });
});

const heldBy = (executor: MemoryExecutor) => [...executor.held.keys()];

test("each executor gets its own commands, in one submission", async () => {
  await delivery.deliver([command("a"), command("b", "queue"), command("c")]);
  expect(local.submissions).toEqual([["a", "c"]]);
  expect(queue.submissions).toEqual([["b"]]);
  expect(delivery.waitingFor("local")).toBe(0);
});

test("what a transport refuses is kept, counted, and submitted again with growing pauses until it is taken", async () => {
  local.failure = new Error("connection refused");
  await delivery.deliver([command("a"), command("b", "queue")]);
  expect([delivery.waitingFor("local"), delivery.waitingFor("queue")]).toEqual([1, 0]);
  await clock.advance(100 + 200 + 400);
  expect(local.submissions.length).toBe(4);
  local.failure = null;
  await clock.advance(800);
  expect(heldBy(local)).toEqual(["a"]);
  expect(delivery.waitingFor("local")).toBe(0);
  await clock.advance(60_000);
  expect(local.submissions.length).toBe(5);
  expect(clock.timers).toBe(0);
});

test("a transport that refuses is known as such until it takes everything, and that is told", async () => {
  let recovered = 0;
  delivery = new Delivery({ executors: [local, queue], clock, logger, onRecovered: () => void (recovered += 1) });
  await delivery.deliver([command("z")]);
  local.failure = new Error("connection refused");
  await delivery.deliver([command("a"), command("b", "queue")]);
  await clock.advance(100);
  expect([delivery.isRefused("local"), delivery.isRefused("queue"), recovered]).toEqual([true, false, 0]);
  local.failure = null;
  await clock.advance(200);
  expect([delivery.isRefused("local"), recovered]).toEqual([false, 1]);
});

test("commands that come while a transport is refusing go with the next try, and do not hurry it", async () => {
  local.failure = new Error("connection refused");
  await delivery.deliver([command("a")]);
  await delivery.deliver([command("b")]);
  expect(local.submissions).toEqual([["a"]]);
  local.failure = null;
  await clock.advance(100);
  expect(local.submissions).toEqual([["a"], ["a", "b"]]);
});

test("no submission of an executor overlaps another: what comes meanwhile follows", async () => {
  const door = gate();
  local.gate = door.promise;
  const first = delivery.deliver([command("a")]);
  await delivery.deliver([command("b")]);
  expect(local.submissions).toEqual([["a"]]);
  door.open();
  await first;
  expect(local.submissions).toEqual([["a"], ["b"]]);
});

test("a transport that does not answer holds nobody up for longer than a second, and keeps its commands", async () => {
  const door = gate();
  local.gate = door.promise;
  let delivered = false;
  const delivering = delivery.deliver([command("a"), command("b", "queue")]).then(() => (delivered = true));
  await clock.advance(999);
  expect([delivered, heldBy(queue)]).toEqual([false, ["b"]]);
  await clock.advance(1);
  await delivering;
  expect(logger.messages("warn")).toEqual(['executor "local" has not answered for 1000 ms; going on without it']);
  expect(delivery.waitingFor("local")).toBe(1);
  door.open();
  await atRest();
  expect([delivery.waitingFor("local"), heldBy(local)]).toEqual([0, ["a"]]);
});

describe("forget", () => {
  test("an attempt that was stopped is not submitted any more", async () => {
    local.failure = new Error("connection refused");
    await delivery.deliver([command("a"), command("b")]);
    delivery.forget(["a"]);
    local.failure = null;
    await clock.advance(100);
    expect(heldBy(local)).toEqual(["b"]);
  });

  test("nothing left: no submission at all", async () => {
    local.failure = new Error("connection refused");
    await delivery.deliver([command("a")]);
    delivery.forget(["a"]);
    await clock.advance(60_000);
    expect(local.submissions).toEqual([["a"]]);
  });
});

test("an executor that is not configured here is named, and does not keep others from theirs", async () => {
  await delivery.deliver([command("a", "elsewhere"), command("b")]);
  expect(logger.messages("error")).toEqual(['no executor "elsewhere" is configured here: its attempts wait until their queued timeout']);
  expect(heldBy(local)).toEqual(["b"]);
});

test("after stop nothing is submitted, not even when a submission under way is refused", async () => {
  local.failure = new Error("connection refused");
  await delivery.deliver([command("a")]);
  const door = gate();
  queue.gate = door.promise;
  queue.failure = new Error("closed");
  const delivering = delivery.deliver([command("b", "queue")]);
  await atRest();
  delivery.stop();
  door.open();
  await delivering;
  await clock.advance(60_000);
  expect([local.submissions.length, queue.submissions.length, clock.timers]).toEqual([1, 1, 0]);
});

describe("attempts that have begun", () => {
  const grant = { attemptId: "a" } as AttemptGrant;
  const begun = [{ executor: "local", hostId: "host-1", grants: [grant] }];

  test("their executor is told once, whatever comes of it", async () => {
    await delivery.begin(begun, 7);
    local.failure = new Error("connection refused");
    await delivery.begin(begun, 8);
    await clock.advance(60_000);
    expect(local.begun).toEqual([
      { attemptIds: ["a"], hostId: "host-1", leasedAtMs: 7 },
      { attemptIds: ["a"], hostId: "host-1", leasedAtMs: 8 },
    ]);
    expect(queue.begun).toEqual([]);
    expect(logger.messages("warn")).toEqual(['executor "local" could not tell its host of 1 attempts that have begun there']);
    expect([delivery.waitingFor("local"), delivery.isRefused("local"), clock.timers]).toEqual([0, false, 0]);
  });

  test("a host that does not answer holds up nobody", async () => {
    const door = gate();
    local.gate = door.promise;
    let isDone = false;
    const telling = delivery.begin(begun, 7).then(() => (isDone = true));
    await clock.advance(900);
    expect(isDone).toBe(false);
    await clock.advance(200);
    await telling;
    door.open();
    await atRest();
    expect(clock.timers).toBe(0);
  });

  test("hosts are asked to catch up where there are such", async () => {
    local.failure = new Error("connection refused");
    delivery.catchUp(["local", "elsewhere"]);
    await atRest();
    expect([local.catchUps, queue.catchUps]).toEqual([1, 0]);
    expect(logger.messages("warn")).toEqual(['executor "local" could not have its host ask what has begun there']);
  });
});
