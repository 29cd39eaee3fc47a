import type { TaskSpec } from "@tradewind/core";
import { expect, it } from "vitest";
import { taskOptions } from "./task-options.ts";

const PLAIN = {
  operator: "task",
  groupId: null,
  triggerRule: "all_success",
  retries: 0,
  retryDelayMs: 300_000,
  retryBackoff: 0,
  maxRetryDelayMs: null,
  executionTimeoutMs: null,
  pool: "default_pool",
  poolSlots: 1,
  queue: "default",
  executor: null,
  priorityWeight: 1,
  weightRule: "downstream",
  maxActiveTisPerDag: null,
  maxActiveTisPerDagrun: null,
  dependsOnPast: false,
  waitForDownstream: false,
  isSetup: false,
  isTeardown: false,
  setups: [],
  sensor: null,
  callbacks: [],
  isolation: "warm",
  memoryLimitMb: null,
  owner: "tradewind",
} as unknown as TaskSpec;

it("tells what was chosen, and leaves out what was not", () => {
  expect(Object.fromEntries(taskOptions(PLAIN))).toEqual({
    Operator: "task",
    "Trigger rule": "all_success",
    Retries: "none",
    Pool: "default_pool, 1 slot",
    Queue: "default",
    "Priority weight": "1, by downstream",
    Owner: "tradewind",
  });
});

it("tells retries, sensors and teardowns in words", () => {
  const spec: TaskSpec = {
    ...PLAIN,
    retries: 3,
    retryBackoff: 2,
    maxRetryDelayMs: 3_600_000,
    isTeardown: true,
    setups: ["open"],
    sensor: { mode: "reschedule", pokeIntervalMs: 60_000, timeoutMs: 7_200_000, softFail: true },
  };
  expect(Object.fromEntries(taskOptions(spec))).toMatchObject({
    Retries: "3, after 5 m 00 s, times 2 for each, at most 1 h 00 m",
    "Setup or teardown": "teardown of open",
    "Waits as a sensor": "reschedule, every 1 m 00 s for 2 h 00 m, then skipped",
  });
});
