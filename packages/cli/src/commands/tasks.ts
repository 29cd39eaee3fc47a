import { clientContext } from "../client/client-context.ts";
import { getRun, getTaskInstance, listTaskInstances } from "../client/find-runs.ts";
import { type TaskInstanceResource, taskName } from "../client/resources.ts";
import type { Output } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { relativeTime, showDuration } from "../output/times.ts";
import type { ServerOptions } from "../program/options.ts";
import type { TaskStateOptions } from "../program/task-commands.ts";

export const taskInstanceColumns = (output: Output, now: Date): Column<TaskInstanceResource>[] => [
  { title: "TASK", value: taskName },
  { title: "STATE", value: (instance) => output.state(instance.state) },
  { title: "TRY", value: (instance) => `${instance.try_number}/${instance.max_tries + 1}`, align: "right" },
  { title: "STARTED", value: (instance) => relativeTime(instance.start_date, now) },
  { title: "DURATION", value: (instance) => showDuration(instance.duration), align: "right" },
  { title: "OPERATOR", value: (instance) => instance.operator },
  { title: "NOTE", value: (instance) => instance.note, mayBeCut: true },
];

export async function listTasks(dagId: string, runId: string | undefined, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const run = await getRun(client, dagId, runId);
  const instances = await listTaskInstances(client, run);
  if (!output.isJson) output.note(`Run ${run.dag_run_id}: ${run.state}`);
  output.list(instances, taskInstanceColumns(output, new Date()), { none: "The run has no tasks." });
}

export async function showTaskState(dagId: string, taskId: string, options: TaskStateOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const run = await getRun(client, dagId, options.run);
  const instance = await getTaskInstance(client, run, taskId, options.mapIndex);
  output.done(instance.state ?? "none", instance);
}
