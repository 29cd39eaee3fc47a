import { expect, test } from "vitest";
import { bullQueueName, jobPriority, taskQueueName, toCommand, toJob } from "./job.ts";

const COMMAND = {
  attemptId: "0190c7a0-0000-7000-8000-000000000000",
  taskInstanceId: 1,
  dagId: "sales",
  runId: "manual__1",
  taskId: "load",
  mapIndex: -1,
  tryNumber: 1,
  executor: "bullmq",
  queue: "default",
  priorityWeight: 5,
  bundleSha256: "0".repeat(64),
};

test("a higher weight is a lower number, always between 1 and 2,097,151", () => {
  const weights = [2 ** 31 - 1, 2_000_000, 10, 1, 0, -1, -2_000_000, -(2 ** 31)];
  const priorities = weights.map(jobPriority);
  expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
  expect(jobPriority(10)).toBeLessThan(jobPriority(9));
  for (const priority of priorities) expect(priority >= 1 && priority <= 2_097_151).toBe(true);
});

test("any name of a task queue has a name in BullMQ, and back", () => {
  expect(bullQueueName("default")).toBe("{default}");
  for (const queue of ["gpu", "a:b", "{x}", "über 1%", "日本"]) {
    expect(bullQueueName(queue)).toMatch(/^\{[\w.%-]+\}$/u);
    expect(taskQueueName(bullQueueName(queue))).toBe(queue);
  }
  expect(taskQueueName("somebody-elses")).toBeUndefined();
});

test("the job's id is the attempt's, and its data comes back as the command", () => {
  const job = toJob(COMMAND);
  expect(job.opts).toMatchObject({ jobId: COMMAND.attemptId, attempts: 1, removeOnComplete: true, removeOnFail: true });
  expect(toCommand(JSON.parse(JSON.stringify(job.data)))).toEqual(COMMAND);
  expect(toCommand({ hello: "world" })).toBeUndefined();
});
