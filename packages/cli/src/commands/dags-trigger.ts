import { clientContext } from "../client/client-context.ts";
import { listTaskInstances } from "../client/find-runs.ts";
import { type DagResource, type DagRunResource, taskName } from "../client/resources.ts";
import { path, type RestClient } from "../client/rest-client.ts";
import { waitForRun } from "../client/wait-for-run.ts";
import { EXIT } from "../exit-codes.ts";
import type { Output } from "../output/output.ts";
import { showDuration } from "../output/times.ts";
import type { TriggerOptions } from "../program/dag-commands.ts";

export async function triggerDag(dagId: string, options: TriggerOptions): Promise<number> {
  const { client, output } = clientContext(options);
  const run = await client.send<DagRunResource>("POST", path`/api/v2/dags/${dagId}/dagRuns`, {
    // The time of the server, so that the clocks of two machines need not agree.
    ...(options.logicalDate === undefined ? { logical_date: null } : { logical_date: options.logicalDate.toISOString() }),
    ...(options.runId === undefined ? {} : { dag_run_id: options.runId }),
    ...(options.note === undefined ? {} : { note: options.note }),
    ...(options.drain === true && { drain_dag: true }),
    conf: options.conf ?? {},
  });
  if (options.wait !== true) {
    output.done(`Triggered "${dagId}": run ${run.dag_run_id} is ${run.state}.`, run);
    await warnIfPaused(client, dagId, output);
    return EXIT.ok;
  }
  if (!output.isJson) output.note(`Triggered "${dagId}": run ${run.dag_run_id}.`);
  await warnIfPaused(client, dagId, output);
  const ended = await waitForRun(client, run, output, options.timeout === undefined ? undefined : options.timeout * 1000);
  if (ended === null) {
    output.note(`Run ${run.dag_run_id} has not ended after ${options.timeout} s; it goes on.`);
    return EXIT.failed;
  }
  await report(client, ended, output);
  return ended.state === "success" ? EXIT.ok : EXIT.failed;
}

async function warnIfPaused(client: RestClient, dagId: string, output: Output): Promise<void> {
  const dag = await client.get<DagResource>(path`/api/v2/dags/${dagId}`);
  if (dag.is_paused) output.note(`"${dagId}" is paused: the run starts once it is unpaused (tradewind dags unpause ${dagId}).`);
}

async function report(client: RestClient, run: DagRunResource, output: Output): Promise<void> {
  const { text, style } = output.state(run.state);
  output.done(`Run ${run.dag_run_id} ended after ${showDuration(run.duration) ?? "a moment"}: ${output.paint(style ?? null, text)}.`, run);
  if (run.state === "success") return;
  const failed = (await listTaskInstances(client, run)).filter((instance) => instance.state === "failed");
  for (const instance of failed) {
    const index = instance.map_index < 0 ? "" : ` --map-index ${instance.map_index}`;
    output.note(`Task ${taskName(instance)} failed: tradewind tasks logs ${run.dag_id} ${instance.task_id} --run '${run.dag_run_id}'${index}`);
  }
}
