import { type DagGraph, getTaskNode, type TaskNode } from "../dag-graph.ts";
import { isTerminal, type MaybeState } from "../state-transitions.ts";
import type { DagRunState, DagRunType, TerminalState } from "../states.ts";
import { NO_UPSTREAMS, type UpstreamCounts } from "../trigger-rule.ts";
import type { XComReader } from "../inputs.ts";
import type { PastFacts } from "./past.ts";

export type MutableCounts = { -readonly [K in keyof UpstreamCounts]: number };

/** A task instance in memory: as it was given, and as it is to be kept. */
export interface RunInstance {
  id: number;
  dagRunId: number;
  taskId: string;
  mapIndex: number;
  state: MaybeState;
  tryNumber: number;
  maxTries: number;
  attemptId: string | null;
  /** Of the upstream instances that are relevant to it (see `relations.ts`). */
  counts: MutableCounts;
  /** An upstream branch or short circuit did not follow it. */
  branchSkipped: boolean;
  pool: string;
  poolSlots: number;
  queue: string;
  executor: string | null;
  priorityWeight: number;
  operator: string;
  stateReason: string | null;
  /** JSON text of a failure, or null. */
  failure: string | null;
  /** As it is stored; null: it is not stored yet. */
  stored: { state: MaybeState; mapIndex: number } | null;
  countsChanged: boolean;
  stateChanged: boolean;
  /** A new try begins, and the one before goes into the history. */
  keepsHistory: boolean;
  /** Milliseconds until its timer fires, when it is to have one. */
  timerMs: number | null;
}

/** The run itself, as far as decisions look at it. */
export interface RunFacts {
  id: number;
  dagId: string;
  runId: string;
  runType: DagRunType;
  state: DagRunState;
  logicalDate: Date | null;
  runAfter: Date;
  startDate: Date | null;
  /** Task instances that are not in a terminal state, and those of them that can move by themselves. */
  unfinishedCount: number;
  liveCount: number;
  /** A person marked the run while teardowns were left: it ends like this when they have ended. */
  markedState: "success" | "failed" | null;
  now: Date;
}

export type PendingCounts = Partial<Record<keyof UpstreamCounts, number>>;

/** What others hear of changes, at the moment they are made in memory. */
export interface RunListener {
  /** An instance got another state; `withdrawn`: whatever is at work for it has to stop. */
  stateChanged?(instance: RunInstance, before: MaybeState, withdrawn: string | null): void;
  /** `byPerson`: it ends as somebody marked it. */
  runFinished?(state: "success" | "failed", reason: string | null, byPerson: boolean): void;
}

/** What bounds decisions. */
export interface RunLimits {
  maxMapLength: number;
  maxTaskRetryDelayMs: number;
}

/**
 * A run and what of its task instances is in memory. Everything is changed here, by the functions of this folder, and kept by whoever holds the model.
 *
 * `complete`: tasks all instances of which are here. A counter of a task's instances can be changed only when they all are; what is missing is asked for (see `RunNeeds`).
 */
export interface RunModel {
  run: RunFacts;
  graph: DagGraph;
  instances: Map<number, RunInstance>;
  byTask: Map<string, RunInstance[]>;
  complete: Set<string>;
  /** All instances are here, and nobody else moves them meanwhile. */
  isWhole: boolean;
  stateReason: string | null;
  changed: { state: boolean; counts: boolean };
  endDate: Date | null;
  timeoutAt: Date | null;
  limits: RunLimits;
  listener: RunListener;
  /** An id for an instance that comes up (expansion, iterations). */
  newInstanceId: () => number;
  /** Stored XComs; null: `xcomKeys` says which of them are here, others are asked for. */
  readXComs: XComReader;
  /** Keys (see `xcomKey`) of what is here; null: all. */
  loadedXComs: Set<string> | null;
  /** Facts of the previous run, by task. */
  past: Map<string, PastFacts>;
  /** Tries of groups that are beyond the first; null: not loaded yet. */
  groupTries: Map<string, number> | null;

  // What is to be done yet.
  /** Changes of upstream counters that are not yet applied below: by task, map index and counter. */
  pending: Map<string, Map<number, PendingCounts>>;
  /** Instances to be looked at although no upstream of theirs changed. */
  reconsidered: Set<RunInstance>;
  /** Retries and reschedules whose time has come. */
  due: Set<RunInstance>;
  /** Decided by branches: instances that are not followed. */
  skips: { taskId: string; deciderId: string; mapIndex: number }[];
  /** Groups with retries in which something has ended. */
  movedGroups: Set<string>;
  /** Loops whose gate decided to go on: the iteration to be created. */
  nextIterations: Map<string, number>;
  /** A task failed for good in a DAG with fail-fast. */
  failsFast: boolean;
  /** Mapped tasks and groups that are to have so many instances. */
  expansions: Map<string, number>;
  /** Mapped groups the length of which was looked at in this settlement. */
  fittedGroups: Set<string>;
  /** Groups whose next try is due. */
  dueGroups: Set<string>;
  /** How many rounds this settlement has taken: cascades that go on are loaded at once. */
  depth: number;

  // What whoever holds the model is told at the end.
  /** Groups that are to be run again, after a delay. */
  groupRetries: { groupId: string; delayMs: number }[];
  /** Tasks an instance of which waits for the previous run. */
  pastWaits: Set<string>;
}

export type NewRunModel = Pick<RunModel, "run" | "graph" | "limits" | "newInstanceId" | "readXComs" | "loadedXComs" | "groupTries"> &
  Partial<Pick<RunModel, "listener">>;

export function createRunModel(given: NewRunModel): RunModel {
  return {
    listener: {},
    ...given,
    instances: new Map(),
    byTask: new Map(),
    complete: new Set(),
    isWhole: false,
    stateReason: null,
    changed: { state: false, counts: false },
    endDate: null,
    timeoutAt: null,
    past: new Map(),
    pending: new Map(),
    reconsidered: new Set(),
    due: new Set(),
    skips: [],
    movedGroups: new Set(),
    nextIterations: new Map(),
    failsFast: false,
    expansions: new Map(),
    fittedGroups: new Set(),
    dueGroups: new Set(),
    depth: 0,
    groupRetries: [],
    pastWaits: new Set(),
  };
}

type Incoming = Omit<RunInstance, "stateReason" | "failure" | "countsChanged" | "stateChanged" | "keepsHistory" | "timerMs">;

export function addInstance(model: RunModel, incoming: Incoming): RunInstance {
  const instance: RunInstance = {
    ...incoming,
    stateReason: null,
    failure: null,
    countsChanged: false,
    stateChanged: false,
    keepsHistory: false,
    timerMs: null,
  };
  model.instances.set(instance.id, instance);
  const siblings = model.byTask.get(instance.taskId);
  if (siblings === undefined) model.byTask.set(instance.taskId, [instance]);
  else siblings.push(instance);
  return instance;
}

/** An instance about which nothing is decided, as its task says it is to be run. */
export function newInstance(model: RunModel, node: TaskNode, mapIndex: number): RunInstance {
  return addInstance(model, {
    id: model.newInstanceId(),
    dagRunId: model.run.id,
    taskId: node.taskId,
    mapIndex,
    state: null,
    tryNumber: 0,
    maxTries: node.spec.retries,
    attemptId: null,
    counts: { ...NO_UPSTREAMS },
    branchSkipped: false,
    ...dispatchFacts(node),
    stored: null,
  });
}

/** What dispatch has to know of an instance. */
export function dispatchFacts({
  spec,
  effectivePriorityWeight,
}: TaskNode): Pick<RunInstance, "operator" | "pool" | "poolSlots" | "queue" | "executor" | "priorityWeight"> {
  const { operator, pool, poolSlots, queue, executor } = spec;
  return { operator, pool, poolSlots, queue, executor, priorityWeight: effectivePriorityWeight };
}

export function nodeOf(model: RunModel, instance: RunInstance): TaskNode {
  return getTaskNode(model.graph, instance.taskId);
}

export function instancesOf(model: RunModel, taskId: string): readonly RunInstance[] {
  return model.byTask.get(taskId) ?? [];
}

/** The counter of an upstream that ended like this. */
export function counterOf(state: TerminalState): keyof UpstreamCounts {
  return state === "upstream_failed" ? "upstreamFailed" : state;
}

/** Not finished, and able to move by itself: something is under way or has a timer. */
export function isLive(state: MaybeState): boolean {
  return state !== null && !isTerminal(state);
}

export function xcomKey({ taskId, key }: { taskId: string; key: string }): string {
  return JSON.stringify([taskId, key]);
}

/** What has to be in memory before the model can go on. */
export interface RunNeeds {
  /** All instances of these tasks. */
  tasks: Set<string>;
  xcoms: Map<string, { taskId: string; key: string }>;
  /** Facts of the previous run about these tasks. */
  past: Set<string>;
  groupTries: boolean;
  /** All instances of the run, locked: what is at work is to be stopped. */
  whole: boolean;
}

export function createNeeds(): RunNeeds {
  return { tasks: new Set(), xcoms: new Map(), past: new Set(), groupTries: false, whole: false };
}

export function hasNeeds({ tasks, xcoms, past, groupTries, whole }: RunNeeds): boolean {
  return tasks.size > 0 || xcoms.size > 0 || past.size > 0 || groupTries || whole;
}

/** Whether all instances of the tasks are here; what is not is asked for. */
export function requireTasks(model: RunModel, needs: RunNeeds, taskIds: Iterable<string>): boolean {
  let all = true;
  for (const taskId of taskIds) {
    if (model.complete.has(taskId)) continue;
    needs.tasks.add(taskId);
    all = false;
  }
  return all;
}

export function requireXComs(model: RunModel, needs: RunNeeds, refs: readonly { taskId: string; key: string }[]): boolean {
  if (model.loadedXComs === null) return true;
  let all = true;
  for (const ref of refs) {
    const key = xcomKey(ref);
    if (model.loadedXComs.has(key)) continue;
    needs.xcoms.set(key, ref);
    all = false;
  }
  return all;
}
