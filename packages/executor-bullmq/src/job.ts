import { TaskCommand } from "@tradewind/contract";
import type { BulkJobOptions } from "bullmq";

/** BullMQ's range. 0 or none would go before everything else, so there is always one. */
const HIGHEST_PRIORITY = 1;
const LOWEST_PRIORITY = 2_097_151;
const PRIORITY_OF_WEIGHT_0 = 1_048_576;

/** A command on its way to a worker. */
export interface TaskJob {
  name: string;
  data: TaskCommand;
  opts: BulkJobOptions;
}

/**
 * One queue of BullMQ for each task queue. The braces are Redis Cluster's: all keys of a queue lie on one node, those of different queues on different ones. What BullMQ or the braces
 * would stumble over is written as `%XX`.
 */
export function bullQueueName(queue: string): string {
  const safe = queue.replaceAll(/[^\w.-]/gu, (char) =>
    [...new TextEncoder().encode(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
  return `{${safe}}`;
}

/** The other way round; undefined: not a name of ours. */
export function taskQueueName(bullQueue: string): string | undefined {
  const safe = /^\{(.*)\}$/u.exec(bullQueue)?.[1];
  return safe === undefined ? undefined : decodeURIComponent(safe);
}

/** A higher weight goes first; in BullMQ a lower number does. Weights beyond a million on either side are equal to the one at the edge. */
export function jobPriority(priorityWeight: number): number {
  return Math.min(LOWEST_PRIORITY, Math.max(HIGHEST_PRIORITY, PRIORITY_OF_WEIGHT_0 - Math.trunc(priorityWeight)));
}

/**
 * The job of a command: ids only, since whoever can read Redis can read it. Its id is the attempt's, so that what is sent twice is there once. BullMQ never tries again by itself: whether
 * there is another try is for the engine to say.
 */
export function toJob(command: TaskCommand): TaskJob {
  return {
    name: `${command.dagId}.${command.taskId}`,
    data: command,
    opts: { jobId: command.attemptId, priority: jobPriority(command.priorityWeight), attempts: 1, removeOnComplete: true, removeOnFail: true },
  };
}

/** undefined: not one of ours, or of a release that says more. */
export function toCommand(data: unknown): TaskCommand | undefined {
  const command = TaskCommand.safeParse(data);
  return command.success ? command.data : undefined;
}
