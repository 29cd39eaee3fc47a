import { compileDag, type DagGraph } from "../dag-graph.ts";
import type { MappingSpec, TaskGroupSpec, TaskSpec, TriggerRule } from "../dag-spec.ts";
import { UNMAPPED } from "../mapping.ts";
import { dagSpec, groupSpec, taskSpec } from "../plain-spec.ts";

/** How a task ends, if it runs. */
export type RecordedEnd = "success" | "failed" | "skipped";

export interface RecordedTask {
  id: string;
  upstream?: string[];
  triggerRule?: TriggerRule;
  /** A list, one per map index, when the task or its group is mapped. */
  outcome: RecordedEnd | RecordedEnd[];
  mapped?: number;
  group?: string;
  setup?: boolean;
  teardown?: boolean;
  setups?: string[];
  onFailureFailDagRun?: boolean;
  dependsOnPast?: boolean;
  waitForDownstream?: boolean;
}

/** A whole run: `tasks` are their states at the end (`id[i]` for map indexes), `ran` the tasks that ran. */
export interface RecordedRunCase {
  tasks: RecordedTask[];
  groups?: Record<string, { mapped: number }>;
  expect: { run: string; tasks: Record<string, string>; ran: string[] };
}

/** The DAG of a recorded case. */
export function recordedGraph(tasks: readonly Omit<RecordedTask, "outcome">[], groups: Record<string, { mapped: number }> = {}): DagGraph {
  return compileDag(dagSpec({ tasks: tasks.map(toTask), groups: Object.entries(groups).map(toGroup) }));
}

function toTask(task: Omit<RecordedTask, "outcome">): TaskSpec {
  const { id, upstream = [], triggerRule, mapped, setup = false, teardown = false, setups = [] } = task;
  return taskSpec(id, {
    // Being somebody's teardown is an edge, which the recording leaves out.
    upstream: [...new Set([...upstream, ...setups])].sort(),
    triggerRule: teardown ? "all_done_setup_success" : (triggerRule ?? "all_success"),
    groupId: task.group ?? null,
    mapping: mapped === undefined ? null : literal(mapped),
    isSetup: setup,
    isTeardown: teardown,
    setups: setups.toSorted(),
    onFailureFailDagRun: task.onFailureFailDagRun ?? false,
    dependsOnPast: task.dependsOnPast ?? false,
    waitForDownstream: task.waitForDownstream ?? false,
  });
}

function toGroup([groupId, { mapped }]: [string, { mapped: number }]): TaskGroupSpec {
  return groupSpec(groupId, { mapping: literal(mapped) });
}

function literal(length: number): MappingSpec {
  return { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: Array.from({ length }, (_, index) => index) } } };
}

/** `load`, and of a mapped one `load[3]`. */
export function nameOf({ taskId, mapIndex }: { taskId: string; mapIndex: number }): string {
  return mapIndex === UNMAPPED ? taskId : `${taskId}[${mapIndex}]`;
}

export function endOf(outcome: RecordedEnd | RecordedEnd[], mapIndex: number): RecordedEnd {
  return typeof outcome === "string" ? outcome : outcome[Math.max(mapIndex, 0)]!;
}
