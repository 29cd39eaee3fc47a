import type { JobUseCases } from "@tradewind/engine";
import { beforeEach, expect, test } from "vitest";
import { LogBook } from "../test/log-book.ts";
import { ManualClock } from "../test/manual-clock.ts";
import { command, MemoryExecutor } from "../test/memory-executor.ts";
import { Adoption } from "./adoption.ts";
import { Delivery } from "./delivery.ts";
import { NO_SCHEDULER_METRICS } from "./ports.ts";

type Orphan = Awaited<ReturnType<JobUseCases["adoptOrphans"]>>["attempts"][number];

let local: MemoryExecutor;
let queue: MemoryExecutor;
let adoption: Adoption;
/** What Postgres would hand over with the next call, once. */
let orphans: Orphan[];
let adopted: number;

beforeEach(() => {
  local = new MemoryExecutor("local");
  queue = new MemoryExecutor("queue");
  orphans = [];
  adopted = 0;
  const executors = [local, queue];
  const logger = new LogBook();
  const engine: JobUseCases = {
    registerJob: async () => {},
    heartbeatJob: async () => true,
    endJob: async () => {},
    adoptOrphans: async () => ({ deadJobs: [], attempts: orphans.splice(0) }),
  };
  adoption = new Adoption({
    engine,
    executors,
    delivery: new Delivery({ executors, clock: new ManualClock(), logger }),
    thresholdMs: 30_000,
    logger,
    metrics: { ...NO_SCHEDULER_METRICS, orphansAdopted: (count) => void (adopted += count) },
  });
});

const orphan = (attemptId: string, state: "queued" | "running", executor = "local"): Orphan => ({ command: command(attemptId, executor), state });

test("queued attempts that no executor holds are submitted again; those it holds, and running ones, are left alone", async () => {
  local.held.set("held", command("held"));
  orphans = [orphan("held", "queued"), orphan("gone", "queued"), orphan("ran", "running"), orphan("other", "queued", "queue")];
  await adoption.run("job");
  expect(local.submissions).toEqual([["gone"]]);
  expect(queue.submissions).toEqual([["other"]]);
  expect(adopted).toBe(1);
});

test("an executor that can't be asked now is asked again, since Postgres hands an attempt over once", async () => {
  local.failure = new Error("the host does not answer");
  orphans = [orphan("a", "queued"), orphan("b", "queued", "queue")];
  await adoption.run("job");
  expect([local.submissions, queue.submissions]).toEqual([[], [["b"]]]);
  local.failure = null;
  await adoption.run("job");
  await adoption.run("job");
  expect([local.submissions, queue.submissions]).toEqual([[["a"]], [["b"]]]);
});
