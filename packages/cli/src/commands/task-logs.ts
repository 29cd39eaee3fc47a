import { setTimeout as sleep } from "node:timers/promises";
import { clientContext } from "../client/client-context.ts";
import { getRun, getTaskInstance } from "../client/find-runs.ts";
import type { LogPageResource, TaskInstanceResource } from "../client/resources.ts";
import { path, type RestClient } from "../client/rest-client.ts";
import { EXIT } from "../exit-codes.ts";
import { formatLogLine } from "../output/log-line.ts";
import type { Output } from "../output/output.ts";
import type { TaskLogOptions } from "../program/task-commands.ts";

const POLL_MS = 300;
const ENDED: ReadonlySet<string | null> = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

export async function showTaskLogs(dagId: string, taskId: string, options: TaskLogOptions): Promise<number> {
  const { client, output } = clientContext(options);
  const run = await getRun(client, dagId, options.run);
  let instance = await getTaskInstance(client, run, taskId, options.mapIndex);
  if (options.follow === true) return follow(client, instance, options, output);
  const tryNumber = options.try ?? instance.try_number;
  if (tryNumber === 0) {
    output.note(`Task "${taskId}" has not started in run ${run.dag_run_id}; its state is ${instance.state ?? "none"}.`);
    return EXIT.ok;
  }
  await printLog(client, instance, tryNumber, null, output);
  return EXIT.ok;
}

/** Prints try after try until the task instance has ended. The exit code is 1 when it failed. */
async function follow(client: RestClient, instance: TaskInstanceResource, options: TaskLogOptions, output: Output): Promise<number> {
  let tryNumber = options.try ?? Math.max(1, instance.try_number);
  let token: string | null = null;
  for (;;) {
    // State first: what the log gets after a final state was seen is in the page that is read next.
    const now: TaskInstanceResource = await client.get(instancePath(instance));
    if (now.try_number >= tryNumber) token = await printLog(client, instance, tryNumber, token, output);
    if (options.try === undefined && now.try_number > tryNumber) {
      tryNumber += 1;
      token = null;
      continue;
    }
    if (ENDED.has(now.state) || now.try_number > tryNumber) {
      await printLog(client, instance, tryNumber, token, output);
      return now.state === "failed" || now.state === "upstream_failed" ? EXIT.failed : EXIT.ok;
    }
    await sleep(POLL_MS);
  }
}

function instancePath({ dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex }: TaskInstanceResource): string {
  const base = path`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}`;
  return mapIndex < 0 ? base : `${base}/${mapIndex}`;
}

/** Prints what there is from `token` on; answers where to go on. */
async function printLog(client: RestClient, instance: TaskInstanceResource, tryNumber: number, token: string | null, output: Output): Promise<string | null> {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = instance;
  const logs = path`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}/logs/${tryNumber}`;
  for (let next = token; ; ) {
    const page: LogPageResource = await client.get(logs, { map_index: mapIndex, token: next ?? undefined });
    for (const line of page.content) output.out.write(output.isJson ? `${JSON.stringify(line)}\n` : formatLogLine(line, output.out));
    if (page.continuation_token === null || page.content.length === 0) return page.continuation_token ?? next;
    next = page.continuation_token;
  }
}
