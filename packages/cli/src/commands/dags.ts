import { clientContext } from "../client/client-context.ts";
import type { DagResource, ImportErrorResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { EXIT } from "../exit-codes.ts";
import { safeText } from "../output/display-width.ts";
import type { Output } from "../output/output.ts";
import type { Cell, Column } from "../output/table.ts";
import { relativeTime, shortInstant } from "../output/times.ts";
import type { DagListOptions } from "../program/dag-commands.ts";
import type { ServerOptions } from "../program/options.ts";

function dagState(dag: DagResource): Cell {
  if (dag.is_stale) return { text: "stale", style: "dim" };
  if (dag.has_import_errors) return { text: "import error", style: "red" };
  const { scheduling_state: state } = dag;
  return { text: state, style: state === "active" ? "green" : "yellow" };
}

const dagColumns = (now: Date): Column<DagResource>[] => [
  { title: "DAG", value: (dag) => dag.dag_id },
  { title: "STATE", value: dagState },
  { title: "SCHEDULE", value: (dag) => dag.timetable_summary ?? "none" },
  { title: "NEXT RUN", value: (dag) => (dag.scheduling_state === "active" ? relativeTime(dag.next_dagrun_run_after, now) : null) },
  { title: "TAGS", value: (dag) => dag.tags.map((tag) => tag.name).join(", ") || null, mayBeCut: true },
  { title: "DESCRIPTION", value: (dag) => dag.description, mayBeCut: true },
];

export async function listDags(options: DagListOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const paused = options.paused === options.active ? undefined : options.paused === true;
  const pattern = options.pattern === undefined || /[%_]/.test(options.pattern) ? options.pattern : `%${options.pattern}%`;
  const query = { order_by: "dag_id", tags: options.tags, paused, dag_id_pattern: pattern };
  const dags = await client.list<DagResource>("/api/v2/dags", "dags", query);
  output.list(dags, dagColumns(new Date()), {
    none: "There are no DAGs. Put a .ts file with a DAG into a DAG folder; `tradewind config list --section dags` names the folders.",
  });
}

export async function showDag(dagId: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const dag = await client.get<DagResource>(path`/api/v2/dags/${dagId}/details`);
  const { tasks } = await client.get<{ tasks: TaskResource[] }>(path`/api/v2/dags/${dagId}/tasks`);
  if (output.isJson) return output.json({ ...dag, tasks });
  const now = new Date();
  output.item(dag, [
    ["DAG", dag.dag_id],
    ["State", dagState(dag)],
    ["Description", dag.description],
    ["Schedule", dag.timetable_description ?? dag.timetable_summary ?? "none"],
    ["Next run", nextRunText(dag, now)],
    ["Tags", dag.tags.map((tag) => tag.name).join(", ") || null],
    ["Owners", dag.owners.join(", ") || null],
    ["Limits", `${dag.max_active_runs ?? "no limit of"} active runs, ${dag.max_active_tasks} active tasks in each`],
    ["File", dag.relative_fileloc ?? dag.fileloc],
    ["Loaded", relativeTime(dag.last_parsed_time, now)],
  ]);
  output.out.write("\n");
  output.list(tasks, TASK_COLUMNS, { none: "The DAG has no tasks." });
}

interface TaskResource {
  task_id: string;
  operator_name: string | null;
  trigger_rule: string | null;
  is_mapped: boolean | null;
  retries: number | null;
  pool: string | null;
  downstream_task_ids: string[] | null;
}

const TASK_COLUMNS: Column<TaskResource>[] = [
  { title: "TASK", value: (task) => `${task.task_id}${task.is_mapped === true ? " []" : ""}` },
  { title: "OPERATOR", value: (task) => task.operator_name },
  { title: "TRIGGER RULE", value: (task) => task.trigger_rule },
  { title: "RETRIES", value: (task) => task.retries, align: "right" },
  { title: "POOL", value: (task) => task.pool },
  { title: "BEFORE", value: (task) => task.downstream_task_ids?.join(", ") || null, mayBeCut: true },
];

function nextRunText(dag: DagResource, now: Date): string | null {
  if (dag.next_dagrun_run_after === null) return null;
  const at = `${shortInstant(dag.next_dagrun_run_after)} (${relativeTime(dag.next_dagrun_run_after, now)})`;
  return dag.scheduling_state === "active" ? at : `${at}, once it is ${dag.is_paused ? "unpaused" : "not draining any more"}`;
}

type SchedulingState = DagResource["scheduling_state"];

export const pauseDags = (dagIds: string[], options: ServerOptions): Promise<void> => setSchedulingState(dagIds, "paused", options);
export const unpauseDags = (dagIds: string[], options: ServerOptions): Promise<void> => setSchedulingState(dagIds, "active", options);
export const drainDags = (dagIds: string[], options: ServerOptions): Promise<void> => setSchedulingState(dagIds, "draining", options);

async function setSchedulingState(dagIds: string[], state: SchedulingState, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const dags: DagResource[] = [];
  for (const dagId of dagIds) dags.push(await client.send<DagResource>("PATCH", path`/api/v2/dags/${dagId}`, { scheduling_state: state }));
  // What is to drain and has no unfinished run is paused at once.
  const said = [...Map.groupBy(dags, (dag) => dag.scheduling_state)].map(([found, alike]) => {
    const names = alike.map((dag) => `"${dag.dag_id}"`).join(", ");
    return `${names} ${alike.length === 1 ? "is" : "are"} ${found} now.`;
  });
  output.done(said.join(" "), dags);
}

export async function showImportErrors(options: ServerOptions): Promise<number> {
  const { client, output } = clientContext(options);
  const errors = await client.list<ImportErrorResource>("/api/v2/importErrors", "import_errors", { order_by: "filename" });
  if (output.isJson) output.json(errors);
  else if (errors.length === 0) output.note("Every DAG file loads.");
  else output.out.write(errors.map((error) => formatImportError(error, output)).join("\n"));
  return errors.length === 0 ? EXIT.ok : EXIT.failed;
}

function formatImportError(error: ImportErrorResource, output: Output): string {
  const head = `${output.paint("bold", error.filename)}  ${output.paint("dim", relativeTime(error.timestamp, new Date()) ?? "")}`;
  const body = safeText(error.stack_trace, output.out.hasColours).trimEnd().replaceAll(/^/gmu, "  ");
  return `${head}\n${body}\n`;
}
