import { type DagGraph, getTaskNode, isTerminal, type MaybeState, type TaskNode, type TerminalState, type UpstreamCounts } from "@tradewind/core";
import type { LockedDagRun, TaskInstanceRecord } from "@tradewind/metadata";

export type MutableCounts = { -readonly [K in keyof UpstreamCounts]: number };

/** A task instance in memory: as it was read, and as it is to be written. */
export interface Instance extends Omit<TaskInstanceRecord, "counts"> {
  counts: MutableCounts;
  stateReason: string | null;
  failure: string | null;
  /** As it is in the database; null: it is not there yet. */
  stored: { state: MaybeState; mapIndex: number } | null;
  countsChanged: boolean;
  stateChanged: boolean;
  /** A new try begins, and the one before goes into the history. */
  keepsHistory: boolean;
  /** Milliseconds until its timer fires, when it is to have one. */
  timerMs: number | null;
}

/**
 * A locked run and what of its task instances is in memory. Changes are made here and written once, by `flush`.
 *
 * `complete`: tasks all instances of which are here. A counter of a task's instances can be changed only when they all are.
 */
export interface RunWork {
  run: LockedDagRun;
  graph: DagGraph;
  instances: Map<number, Instance>;
  byTask: Map<string, Instance[]>;
  complete: Set<string>;
  /** The run is new: it is inserted, not updated. */
  isNew: boolean;
  stateReason: string | null;
  changed: { state: boolean; counts: boolean };
  endDate: Date | null;
  timeoutAt: Date | null;
}

export function createRunWork(run: LockedDagRun, graph: DagGraph, isNew = false): RunWork {
  return {
    run,
    graph,
    instances: new Map(),
    byTask: new Map(),
    complete: new Set(),
    isNew,
    stateReason: null,
    changed: { state: false, counts: false },
    endDate: null,
    timeoutAt: null,
  };
}

/** Takes a row that was read into the work; what is there already stays as it is, since it may have been changed. */
export function addRecord(work: RunWork, { counts, ...record }: TaskInstanceRecord): Instance {
  const known = work.instances.get(record.id);
  if (known !== undefined) return known;
  return addInstance(work, { ...record, counts: { ...counts }, stored: { state: record.state, mapIndex: record.mapIndex } });
}

type Incoming = Omit<Instance, "stateReason" | "failure" | "countsChanged" | "stateChanged" | "keepsHistory" | "timerMs">;

export function addInstance(work: RunWork, incoming: Incoming): Instance {
  const instance: Instance = {
    ...incoming,
    stateReason: null,
    failure: null,
    countsChanged: false,
    stateChanged: false,
    keepsHistory: false,
    timerMs: null,
  };
  work.instances.set(instance.id, instance);
  const siblings = work.byTask.get(instance.taskId);
  if (siblings === undefined) work.byTask.set(instance.taskId, [instance]);
  else siblings.push(instance);
  return instance;
}

export function nodeOf(work: RunWork, instance: Instance): TaskNode {
  return getTaskNode(work.graph, instance.taskId);
}

/** The work counter of an upstream that ended like this. */
export function counterOf(state: TerminalState): keyof UpstreamCounts {
  return state === "upstream_failed" ? "upstreamFailed" : state;
}

/** Not finished, and able to move by itself: something is under way or has a timer. */
export function isLive(state: MaybeState): boolean {
  return state !== null && !isTerminal(state);
}
