import { type DagGraph, FAILED_STATES, getTaskNode, listAncestors, listDescendants, type MaybeState, TradewindError } from "@tradewind/core";
import { listFollowers } from "./setups-and-teardowns.ts";

/** A task, all of it; or one instance of a mapped task. */
export type TaskTarget = string | readonly [taskId: string, mapIndex: number];

/** Which instances a person means: all of a task (`null`), or the named map indexes of it. */
export type Selection = ReadonlyMap<string, ReadonlySet<number> | null>;

/** What is selected by, of a task instance. */
export interface SelectableInstance {
  taskId: string;
  mapIndex: number;
  state: MaybeState;
}

export interface SelectOptions {
  /** Absent: every task. A group id stands for all tasks in the group. */
  targets?: readonly TaskTarget[] | undefined;
  includeUpstream: boolean;
  includeDownstream: boolean;
  /** With the setups and teardowns that go with them. */
  withSetups?: boolean;
}

/**
 * The targets with what is above and below them. A target with a map index stays that one instance; of the tasks above and below it all instances are meant, since every one of them gave
 * or took something of it, except in the mapped group or loop that it is in itself: there instance i depends only on instance i.
 * @throws TradewindError `task_not_found`
 */
export function selectTasks(graph: DagGraph, { targets, withSetups = false, ...options }: SelectOptions): Selection {
  const selected = new Map<string, Set<number> | null>();
  if (targets === undefined) {
    for (const taskId of graph.tasks.keys()) selected.set(taskId, null);
    return selected;
  }
  for (const target of targets) addTarget(graph, selected, target);
  const named = [...selected];
  const whole = named.flatMap(([taskId, indexes]) => (indexes === null ? [taskId] : []));
  for (const id of relativesOf(graph, whole, options)) selected.set(id, null);
  for (const [taskId, indexes] of named) {
    if (indexes === null) continue;
    for (const id of relativesOf(graph, [taskId], options)) addRelated(graph, selected, { taskId, indexes }, id);
  }
  const hasSetups = withSetups && [...graph.tasks.values()].some(({ spec }) => spec.isSetup);
  if (!hasSetups) return selected;
  for (const [taskId, indexes] of named) for (const id of listFollowers(graph, taskId, options)) addRelated(graph, selected, { taskId, indexes }, id);
  return selected;
}

function relativesOf(graph: DagGraph, taskIds: readonly string[], { includeUpstream, includeDownstream }: SelectOptions): Set<string> {
  const none = new Set<string>();
  if (taskIds.length === 0) return none;
  return new Set([...(includeUpstream ? listAncestors(graph, taskIds) : none), ...(includeDownstream ? listDescendants(graph, taskIds) : none)]);
}

function addRelated(
  graph: DagGraph,
  selected: Map<string, Set<number> | null>,
  target: { taskId: string; indexes: ReadonlySet<number> | null },
  relatedId: string,
): void {
  const shared = getTaskNode(graph, target.taskId).indexGroupId;
  const isShared = shared !== null && shared === getTaskNode(graph, relatedId).indexGroupId;
  const known = selected.get(relatedId);
  if (target.indexes === null || !isShared) selected.set(relatedId, null);
  else if (known === undefined) selected.set(relatedId, new Set(target.indexes));
  else for (const index of target.indexes) known?.add(index);
}

/**
 * `selectTasks` in each version that the meant runs have. A target need not be in all of them.
 * @throws TradewindError `task_not_found` for a target that none of them has
 */
export function selectTasksByVersion(graphs: ReadonlyMap<number, DagGraph>, options: SelectOptions): Map<number, Selection> {
  const { targets } = options;
  const taskIdOf = (target: TaskTarget): string => (typeof target === "string" ? target : target[0]);
  const isIn = (graph: DagGraph, target: TaskTarget): boolean =>
    graph.tasks.has(taskIdOf(target)) || (typeof target === "string" && graph.groups.has(target));
  const [newest] = [...graphs].sort(([one], [other]) => other - one).map(([, graph]) => graph);
  const unknown = targets?.find((target) => ![...graphs.values()].some((graph) => isIn(graph, target)));
  if (newest !== undefined && unknown !== undefined) getTaskNode(newest, taskIdOf(unknown));
  return new Map(
    [...graphs].map(([id, graph]) => [id, selectTasks(graph, { ...options, targets: targets?.filter((target) => isIn(graph, target)) })]),
  );
}

function addTarget(graph: DagGraph, selected: Map<string, Set<number> | null>, target: TaskTarget): void {
  if (typeof target !== "string") {
    const [taskId, mapIndex] = target;
    getTaskNode(graph, taskId);
    const indexes = selected.get(taskId);
    if (indexes === undefined) selected.set(taskId, new Set([mapIndex]));
    else indexes?.add(mapIndex);
    return;
  }
  const members = graph.tasks.has(target) ? undefined : graph.groups.get(target)?.taskIds;
  if (members === undefined) getTaskNode(graph, target);
  for (const taskId of members ?? [target]) selected.set(taskId, null);
}

export function isSelected(selection: Selection, { taskId, mapIndex }: SelectableInstance): boolean {
  const indexes = selection.get(taskId);
  return indexes === null || (indexes?.has(mapIndex) ?? false);
}

/** Whether a state passes the filters of a clear. Both filters together let either pass, as in Airflow. */
export function passesStateFilter(state: MaybeState, { onlyFailed, onlyRunning }: { onlyFailed: boolean; onlyRunning: boolean }): boolean {
  if (!onlyFailed && !onlyRunning) return true;
  return (onlyFailed && (FAILED_STATES as readonly MaybeState[]).includes(state)) || (onlyRunning && state === "running");
}

/**
 * What is evaluated anew after the state of `markedTaskIds` was set: "Setting a TI's state also clears the failed and upstream_failed tasks below it". The marked instances
 * themselves stay as they were set, also where one is below another.
 */
export function selectFailedBelow<I extends SelectableInstance & { id: number }>(
  graph: DagGraph,
  instances: readonly I[],
  marked: { taskIds: readonly string[]; taskInstanceIds: ReadonlySet<number> },
): I[] {
  const below = listDescendants(graph, marked.taskIds);
  return instances.filter(
    (instance) =>
      below.has(instance.taskId) && !marked.taskInstanceIds.has(instance.id) && (FAILED_STATES as readonly MaybeState[]).includes(instance.state),
  );
}

/** Logical dates of the runs that are meant; null: open on that side. */
export interface DateWindow {
  from: Date | null;
  to: Date | null;
}

/**
 * Past and future go along logical dates from one run: all runs of the DAG that have one on that side. A run without a logical date has neither past nor future.
 * @returns null: that run alone.
 */
export function windowAround(
  logicalDate: Date | null,
  { includePast, includeFuture }: { includePast: boolean; includeFuture: boolean },
): DateWindow | null {
  if (logicalDate === null || (!includePast && !includeFuture)) return null;
  return { from: includePast ? null : logicalDate, to: includeFuture ? null : logicalDate };
}

/** The runs a clear without a run id is about. @throws TradewindError `validation_failed` when the window ends before it begins. */
export function windowBetween(
  dagId: string,
  {
    startDate,
    endDate,
    includePast,
    includeFuture,
  }: { startDate?: Date | undefined; endDate?: Date | undefined; includePast: boolean; includeFuture: boolean },
): DateWindow {
  if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
    throw new TradewindError(
      "validation_failed",
      `Tried to select runs of DAG "${dagId}" from ${startDate.toISOString()} to ${endDate.toISOString()}, which is earlier. Exchange the two dates.`,
      { details: { dagId } },
    );
  }
  return { from: includePast ? null : (startDate ?? null), to: includeFuture ? null : (endDate ?? null) };
}
