import { clientContext } from "../client/client-context.ts";
import { getRun, listTaskInstances } from "../client/find-runs.ts";
import type { DagRunResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { countStates } from "../client/wait-for-run.ts";
import type { Output } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { relativeTime, shortInstant, showDuration } from "../output/times.ts";
import type { ServerOptions } from "../program/options.ts";
import type { RunListOptions } from "../program/run-commands.ts";
import { taskInstanceColumns } from "./tasks.ts";

const runColumns = (output: Output, now: Date): Column<DagRunResource>[] => [
  { title: "DAG", value: (run) => run.dag_id },
  { title: "RUN", value: (run) => run.dag_run_id },
  { title: "STATE", value: (run) => output.state(run.state) },
  { title: "STARTED", value: (run) => relativeTime(run.start_date, now) },
  { title: "DURATION", value: (run) => showDuration(run.duration), align: "right" },
];

export async function listRuns(dagId: string | undefined, options: RunListOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const query = { order_by: "-run_after", state: options.state };
  const runs = await client.list<DagRunResource>(path`/api/v2/dags/${dagId ?? "~"}/dagRuns`, "dag_runs", query, options.limit);
  output.list(runs, runColumns(output, new Date()), { none: "There are no such runs." });
}

export async function showRun(dagId: string, runId: string | undefined, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const run = await getRun(client, dagId, runId);
  const instances = await listTaskInstances(client, run);
  if (output.isJson) return output.json({ ...run, task_instances: instances });
  const now = new Date();
  output.item(run, [
    ["DAG", run.dag_id],
    ["Run", run.dag_run_id],
    ["State", output.state(run.state)],
    ["Type", `${run.run_type}${run.triggered_by === null ? "" : `, by ${run.triggered_by}`}`],
    ["Logical date", shortInstant(run.logical_date)],
    ["Data interval", run.data_interval_start === null ? null : `${shortInstant(run.data_interval_start)} to ${shortInstant(run.data_interval_end)}`],
    ["Started", relativeTime(run.start_date, now)],
    ["Duration", showDuration(run.duration)],
    ["Conf", run.conf === null || Object.keys(run.conf).length === 0 ? null : JSON.stringify(run.conf)],
    ["Note", run.note],
    ["Tasks", countStates(instances, output)],
  ]);
  output.out.write("\n");
  output.list(instances, taskInstanceColumns(output, now), { none: "The run has no tasks." });
}
