import type { TaskCommand } from "@tradewind/executor";
import { beforeEach, expect, test } from "vitest";
import { LogBook } from "../test/log-book.ts";
import { ManualClock } from "../test/manual-clock.ts";
import { command, LossyExecutor, MemoryExecutor } from "../test/memory-executor.ts";
import { Delivery } from "./delivery.ts";
import { findMissingStep } from "./missing-attempts.ts";
import type { Step } from "./steps.ts";

let queue: MemoryExecutor;
let local: MemoryExecutor;
/** What Postgres has queued, by attempt id. */
let queued: TaskCommand[];
let pages: (string | null)[];
let logger: LogBook;
let step: Step;

beforeEach(() => {
  queue = new LossyExecutor("queue");
  local = new MemoryExecutor("local");
  queued = [];
  pages = [];
  logger = new LogBook();
  const executors = [queue, local];
  step = findMissingStep({
    engine: {
      async listQueuedAttempts({ executors: names, after, limit }) {
        pages.push(after);
        return queued.filter(({ executor, attemptId }) => names.includes(executor) && (after === null || attemptId > after)).slice(0, limit);
      },
    },
    executors,
    delivery: new Delivery({ executors, clock: new ManualClock(), logger }),
    schedulerId: "job",
    limit: 2,
    logger,
  });
});

test("what is queued and not in its transport is sent again; the rest, and executors that lose nothing, are left alone", async () => {
  queued = [command("a", "queue"), command("b", "queue"), command("c", "local")];
  queue.held.set("a", queued[0]!);
  while (await step.run());
  expect(queue.submissions).toEqual([["b"]]);
  expect(local.submissions).toEqual([]);
});

test("many are asked about page by page, and the next sweep begins anew", async () => {
  queued = ["a", "b", "c", "d", "e"].map((id) => command(id, "queue"));
  while (await step.run());
  expect(pages).toEqual([null, "b", "d"]);
  expect(queue.submissions.flat()).toEqual(["a", "b", "c", "d", "e"]);
  while (await step.run());
  expect(pages.slice(3)).toEqual([null, "b", "d"]);
  expect(queue.submissions.flat()).toHaveLength(5);
});

test("a transport that can't be asked now is asked by the next sweep", async () => {
  queued = [command("a", "queue")];
  queue.failure = new Error("Redis is away");
  expect(await step.run()).toBe(false);
  queue.failure = null;
  await step.run();
  expect(queue.submissions).toEqual([["a"]]);
});
