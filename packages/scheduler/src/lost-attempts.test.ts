import { expect, test } from "vitest";
import { LogBook } from "../test/log-book.ts";
import { atRest } from "../test/manual-clock.ts";
import { gate } from "../test/memory-executor.ts";
import { LostAttempts } from "./lost-attempts.ts";
import { NO_SCHEDULER_METRICS } from "./ports.ts";

const lost = (attemptId: string) => ({ attemptId, reason: "lost" as const, message: "the host died" });

function setUp(answer: (batch: string[]) => Promise<void> = async () => {}) {
  const batches: string[][] = [];
  let counted = 0;
  const logger = new LogBook();
  const lostAttempts = new LostAttempts({
    engine: {
      async loseAttempts(attempts) {
        const ids = attempts.map(({ attemptId }) => attemptId);
        batches.push(ids);
        await answer(ids);
        return { lost: ids };
      },
    },
    logger,
    metrics: { ...NO_SCHEDULER_METRICS, attemptsLost: (count) => void (counted += count) },
  });
  return { lostAttempts, batches, logger, counted: () => counted };
}

test("what comes at once, and what comes while a batch is under way, is one batch each", async () => {
  const door = gate();
  const { lostAttempts, batches, counted } = setUp(() => door.promise);
  for (let index = 0; index < 1_000; index++) lostAttempts.add(lost(`a${index}`));
  await atRest();
  for (let index = 0; index < 1_000; index++) lostAttempts.add(lost(`b${index}`));
  await atRest();
  door.open();
  await lostAttempts.recorded();
  expect(batches.map((batch) => [batch.length, batch[0]])).toEqual([
    [1_000, "a0"],
    [1_000, "b0"],
  ]);
  expect(counted()).toBe(2_000);
});

test("nothing is left behind when one comes as the last batch ends", async () => {
  const { lostAttempts, batches } = setUp(async ([first]) => {
    if (first === "a") queueMicrotask(() => queueMicrotask(() => lostAttempts.add(lost("b"))));
  });
  lostAttempts.add(lost("a"));
  await atRest();
  await lostAttempts.recorded();
  expect(batches).toEqual([["a"], ["b"]]);
});

test("a batch that could not be recorded is told, and the next one goes on: their leases expire by themselves", async () => {
  const { lostAttempts, batches, logger } = setUp(async ([first]) => {
    if (first === "a") throw new Error("the database is away");
  });
  lostAttempts.add(lost("a"));
  await atRest();
  lostAttempts.add(lost("b"));
  await lostAttempts.recorded();
  expect(batches).toEqual([["a"], ["b"]]);
  expect(logger.messages("warn")).toEqual(["could not record 1 lost attempts; their leases will expire"]);
});
