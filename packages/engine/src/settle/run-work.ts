import {
  addInstance as addToModel,
  createRunModel,
  type DagGraph,
  isTerminal,
  type MaybeState,
  nodeOf,
  type RunFacts,
  type RunInstance,
  type RunListener,
  type RunModel,
  type XComValue,
  xcomKey,
} from "@tradewind/core";
import type { LockedDagRun, TaskInstanceRecord } from "@tradewind/metadata";

export { nodeOf };

export type Instance = RunInstance;

/**
 * A locked run and what of its task instances is in memory: the machine's model of it, and what the engine alone knows. Changes are made by the machine and written once, by `flush`.
 */
export interface RunWork extends RunModel {
  run: LockedDagRun & RunFacts;
  /** XComs that decisions asked for. */
  xcoms: Map<string, XComValue[]>;
  /** The run is new: it is inserted, not updated. */
  isNew: boolean;
}

/** What decisions remember beside the states of instances, as it is stored in `dag_run.machine_state`. */
interface MachineState {
  groupTries?: Record<string, number>;
  markedState?: "success" | "failed";
}

export interface RunWorkOptions {
  limits: RunModel["limits"];
  listener: RunListener;
  newInstanceId: () => number;
  isNew?: boolean;
}

export function createRunWork(run: LockedDagRun, graph: DagGraph, { limits, listener, newInstanceId, isNew = false }: RunWorkOptions): RunWork {
  const { groupTries, markedState } = readMachineState(run.machineState);
  const xcoms = new Map<string, XComValue[]>();
  const facts = { ...run, markedState };
  const model = createRunModel({
    run: facts,
    graph,
    limits,
    listener,
    newInstanceId,
    readXComs: (ref) => xcoms.get(xcomKey(ref)) ?? [],
    loadedXComs: new Set(),
    groupTries,
  });
  return Object.assign(model, { run: facts, xcoms, isNew });
}

export function readMachineState(stored: string | null): { groupTries: Map<string, number>; markedState: "success" | "failed" | null } {
  const { groupTries = {}, markedState = null } = stored === null ? {} : (JSON.parse(stored) as MachineState);
  return { groupTries: new Map(Object.entries(groupTries)), markedState };
}

/** What is to be stored of what decisions remember; null: nothing. */
export function machineStateOf({ groupTries, run }: RunWork): string | null {
  const state: MachineState = {
    ...(groupTries !== null &&
      groupTries.size > 0 && { groupTries: Object.fromEntries([...groupTries].sort(([one], [other]) => (one < other ? -1 : 1))) }),
    ...(run.markedState !== null && { markedState: run.markedState }),
  };
  return Object.keys(state).length === 0 ? null : JSON.stringify(state);
}

/**
 * Takes a row that was read into the work. What is there already stays as it is, since it may have been changed; but a row that was read before without its lock may have been moved by
 * dispatch or start since, which one that is read with its lock tells.
 */
export function addRecord(work: RunWork, { counts, ...record }: TaskInstanceRecord, { isLocked = false }: { isLocked?: boolean } = {}): Instance {
  const known = work.instances.get(record.id);
  if (known === undefined) return addToModel(work, { ...record, counts: { ...counts }, stored: { state: record.state, mapIndex: record.mapIndex } });
  if (isLocked && !known.stateChanged) {
    const { state, attemptId } = record;
    Object.assign(known, { state, attemptId, stored: { state, mapIndex: record.mapIndex } });
  }
  return known;
}

/** Not finished, and able to move by itself: something is under way or has a timer. */
export function isLive(state: MaybeState): boolean {
  return state !== null && !isTerminal(state);
}
