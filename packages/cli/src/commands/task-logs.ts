import { setTimeout as sleep } from "node:timers/promises";
import { clientContext } from "../client/client-context.ts";
import { getRun, getTaskInstance } from "../client/find-runs.ts";
import type { LogMessage, TaskInstanceResource } from "../client/resources.ts";
import { path, type RestClient } from "../client/rest-client.ts";
import { EXIT } from "../exit-codes.ts";
import { formatLogLine } from "../output/log-line.ts";
import type { Output } from "../output/output.ts";
import type { TaskLogOptions } from "../program/task-commands.ts";

const POLL_MS = 200;
const ENDED: ReadonlySet<string | null> = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

export async function showTaskLogs(dagId: string, taskId: string, options: TaskLogOptions): Promise<number> {
  const { client, output } = clientContext(options);
  const run = await getRun(client, dagId, options.run);
  const instance = await getTaskInstance(client, run, taskId, options.mapIndex);
  if (options.follow === true) return follow(client, instance, options.try, output);
  const tryNumber = options.try ?? instance.try_number;
  if (tryNumber === 0) {
    output.note(`Task "${taskId}" has not started in run ${run.dag_run_id}; its state is ${instance.state ?? "none"}.`);
    return EXIT.ok;
  }
  await printLog(client, instance, tryNumber, false, output);
  return EXIT.ok;
}

/** Prints try after try until the task instance has ended. The exit code is 1 when it failed. */
async function follow(client: RestClient, instance: TaskInstanceResource, onlyTry: number | undefined, output: Output): Promise<number> {
  for (let tryNumber = onlyTry ?? Math.max(1, instance.try_number); ; tryNumber++) {
    await until(client, instance, (now) => now.try_number >= tryNumber || ENDED.has(now.state));
    await printLog(client, instance, tryNumber, true, output);
    const now = await until(client, instance, ({ state, try_number: current }) => ENDED.has(state) || current > tryNumber || onlyTry !== undefined);
    if (onlyTry !== undefined || (ENDED.has(now.state) && now.try_number <= tryNumber)) {
      return now.state === "failed" || now.state === "upstream_failed" ? EXIT.failed : EXIT.ok;
    }
  }
}

async function until(
  client: RestClient,
  instance: TaskInstanceResource,
  holds: (now: TaskInstanceResource) => boolean,
): Promise<TaskInstanceResource> {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = instance;
  const base = path`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}`;
  for (;;) {
    const now = await client.get<TaskInstanceResource>(mapIndex < 0 ? base : `${base}/${mapIndex}`);
    if (holds(now)) return now;
    await sleep(POLL_MS);
  }
}

async function printLog(client: RestClient, instance: TaskInstanceResource, tryNumber: number, isFollowed: boolean, output: Output): Promise<void> {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = instance;
  if (tryNumber > instance.try_number && ENDED.has(instance.state)) return;
  const logs = path`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}/logs/${tryNumber}`;
  for await (const line of client.stream<LogMessage>(logs, { map_index: mapIndex, follow: isFollowed })) {
    output.out.write(output.isJson ? `${JSON.stringify(line)}\n` : formatLogLine(line, output.out));
  }
}
