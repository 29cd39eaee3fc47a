import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { DagRunResource, TaskInstanceResource } from "./resources.ts";
import { path, type RestClient } from "./rest-client.ts";

/** The run that was named, or the DAG's latest. */
export async function getRun(client: RestClient, dagId: string, runId: string | undefined): Promise<DagRunResource> {
  if (runId !== undefined) return client.get<DagRunResource>(path`/api/v2/dags/${dagId}/dagRuns/${runId}`);
  const runs = await client.list<DagRunResource>(path`/api/v2/dags/${dagId}/dagRuns`, "dag_runs", { order_by: "-run_after" }, 1);
  if (runs[0] !== undefined) return runs[0];
  await client.get(path`/api/v2/dags/${dagId}`);
  throw new CliError("dag_run_not_found", `DAG "${dagId}" has no runs yet.`, {
    exitCode: EXIT.notFound,
    hint: `Start one: tradewind dags trigger ${dagId}`,
  });
}

/** The task instances of a run, in the order in which they ran or will run. */
export async function listTaskInstances(client: RestClient, run: Pick<DagRunResource, "dag_id" | "dag_run_id">): Promise<TaskInstanceResource[]> {
  const instances = await client.list<TaskInstanceResource>(
    path`/api/v2/dags/${run.dag_id}/dagRuns/${run.dag_run_id}/taskInstances`,
    "task_instances",
  );
  const startedAt = (instance: TaskInstanceResource): number =>
    instance.start_date === null ? Number.POSITIVE_INFINITY : Date.parse(instance.start_date);
  return instances
    .map((instance, index) => ({ instance, index }))
    .sort((a, b) => compare(startedAt(a.instance), startedAt(b.instance)) || a.index - b.index)
    .map(({ instance }) => instance);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The one task instance that was named; of a mapped task its index must be given, unless there is only one. */
export async function getTaskInstance(
  client: RestClient,
  run: DagRunResource,
  taskId: string,
  mapIndex: number | undefined,
): Promise<TaskInstanceResource> {
  const base = path`/api/v2/dags/${run.dag_id}/dagRuns/${run.dag_run_id}/taskInstances/${taskId}`;
  if (mapIndex !== undefined) return client.get<TaskInstanceResource>(`${base}/${mapIndex}`);
  const instances = (await listTaskInstances(client, run)).filter((instance) => instance.task_id === taskId);
  const [only, ...others] = instances;
  if (only === undefined) return client.get<TaskInstanceResource>(base);
  if (others.length === 0) return only;
  throw new CliError("invalid_request", `Task "${taskId}" is mapped: run "${run.dag_run_id}" has ${instances.length} instances of it.`, {
    exitCode: EXIT.usage,
    hint: "Say which one with --map-index, from 0.",
  });
}
