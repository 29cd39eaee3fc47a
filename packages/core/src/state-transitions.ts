/**
 * Which state may follow which. Whoever changes a state asks here (or writes a guarded statement that a test compares with these tables).
 *
 *                                   ┌──────────────── trigger fired, reschedule or retry due ───────────────┐
 *                                   ▼                                                                       │
 *   (none) ──deps met──▶ scheduled ──claimed──▶ queued ──started──▶ running ──▶ up_for_retry, up_for_reschedule, deferred, awaiting_input
 *     │  ▲                  │ ▲                  │ │                  │ │
 *     │  └── run finished ──┘ └─ stuck in queue ─┘ └── gave up ─┐     │ └─ cleared ─▶ restarting ─▶ (none)
 *     │                                                         ▼     ▼
 *     └── rule can no longer hold, skipped, empty ──▶ success, failed, skipped, upstream_failed, removed ──cleared──▶ (none)
 *
 * `null` is the state of a task instance about which nothing was decided yet.
 */
import type { DagRunState, TaskInstanceState, TerminalState } from "./states.ts";
import { TERMINAL_STATES } from "./states.ts";

/** A state, or none yet. */
export type MaybeState = TaskInstanceState | null;

/** Who asks for the change: the system by its rules, or a person (UI, API, CLI), who may do more. */
export type Actor = "system" | "person";

/** Count as success where the outcome of a run is decided. */
export const SUCCESS_STATES = ["success", "skipped"] as const satisfies readonly TerminalState[];
/** Count as failure where the outcome of a run is decided. */
export const FAILED_STATES = ["failed", "upstream_failed"] as const satisfies readonly TerminalState[];
/** From here a task instance may become `scheduled` when its dependencies are met. */
export const SCHEDULABLE_STATES = [null, "up_for_retry", "up_for_reschedule"] as const satisfies readonly MaybeState[];
/** Hold a slot: what every limit counts. */
export const OCCUPYING_STATES = ["queued", "running"] as const satisfies readonly TaskInstanceState[];
/** Have an attempt at an executor, so another scheduler can adopt them. */
export const ADOPTABLE_STATES = ["queued", "running", "restarting"] as const satisfies readonly TaskInstanceState[];
export const FINISHED_DAG_RUN_STATES = ["success", "failed"] as const satisfies readonly DagRunState[];

const terminal: ReadonlySet<MaybeState> = new Set(TERMINAL_STATES);
const success: ReadonlySet<MaybeState> = new Set(SUCCESS_STATES);
const failed: ReadonlySet<MaybeState> = new Set(FAILED_STATES);

/** Finished: left only by being cleared, set by a person, or removed with its task. */
export function isTerminal(state: MaybeState): state is TerminalState {
  return terminal.has(state);
}

export function isSuccess(state: MaybeState): state is (typeof SUCCESS_STATES)[number] {
  return success.has(state);
}

export function isFailed(state: MaybeState): state is (typeof FAILED_STATES)[number] {
  return failed.has(state);
}

export function isFinishedDagRun(state: DagRunState): state is (typeof FINISHED_DAG_RUN_STATES)[number] {
  return state === "success" || state === "failed";
}

/** How a state is written where `null` cannot be: as a key, or in words. */
type StateKey = TaskInstanceState | "none";

/**
 * What the system does by itself. Every state but `removed` also leads to `removed`: the task has gone from the DAG version in use, or the map has
 * become shorter. Every unfinished state leads to `skipped`: the run ran out of time, or a DAG with fail-fast had its first failure.
 */
const BY_SYSTEM: Record<StateKey, readonly MaybeState[]> = {
  // success: an empty task is never executed. failed: its inputs cannot be had.
  none: ["scheduled", "success", "failed", "skipped", "upstream_failed", "removed"],
  // none: its run finished meanwhile. failed: it can never be executed (no such executor, unreadable inputs).
  scheduled: ["queued", "failed", "skipped", "removed", null],
  // scheduled: stuck in its transport. failed, up_for_retry: the executor gave it up. none: nobody could adopt it.
  queued: ["running", "scheduled", "failed", "up_for_retry", "skipped", "removed", null],
  // failed, up_for_retry: also when its lease ran out. none: nobody could adopt it.
  running: ["success", "failed", "skipped", "up_for_retry", "up_for_reschedule", "deferred", "awaiting_input", "removed", null],
  // A cleared attempt ends: begin again. An attempt granted before the clear may still report its start.
  restarting: ["running", "up_for_retry", "failed", "skipped", "removed", null],
  // Its upstreams may have been cleared while it waited, so its trigger rule decides again.
  up_for_retry: ["scheduled", "failed", "skipped", "upstream_failed", "removed"],
  up_for_reschedule: ["scheduled", "failed", "skipped", "upstream_failed", "removed"],
  // A trigger may end the task without a worker.
  deferred: ["scheduled", "success", "failed", "skipped", "removed"],
  awaiting_input: ["scheduled", "success", "failed", "skipped", "removed"],
  success: ["removed"],
  failed: ["removed"],
  skipped: ["removed"],
  upstream_failed: ["removed"],
  // The task is back in the DAG version in use.
  removed: [null],
};

/** A person may also set any state to one of these, and clear anything. Clearing what runs makes it `restarting` first: its process must end. */
const SET_BY_PERSON: readonly MaybeState[] = ["success", "failed", "skipped"];

/** The states that may follow, in a fixed order. */
export function nextTaskInstanceStates(from: MaybeState, actor: Actor = "system"): readonly MaybeState[] {
  const bySystem = BY_SYSTEM[from ?? "none"];
  if (actor === "system") return bySystem;
  const cleared: MaybeState = from === "running" ? "restarting" : null;
  return [...new Set([...bySystem, ...SET_BY_PERSON, cleared])].filter((to) => to !== from);
}

const RUN_BY_SYSTEM: Record<DagRunState, readonly DagRunState[]> = {
  // failed: it ran out of time, or its backfill was cancelled, before it was started.
  queued: ["running", "failed"],
  running: ["success", "failed"],
  success: [],
  failed: [],
};

const RUN_BY_PERSON: Record<DagRunState, readonly DagRunState[]> = {
  queued: ["running", "success", "failed"],
  running: ["queued", "success", "failed"],
  // Clearing makes a finished run queued; a person may also set it running.
  success: ["queued", "running", "failed"],
  failed: ["queued", "running", "success"],
};

export function nextDagRunStates(from: DagRunState, actor: Actor = "system"): readonly DagRunState[] {
  return actor === "system" ? RUN_BY_SYSTEM[from] : RUN_BY_PERSON[from];
}

/** Whether a task instance may go from one state to another. Staying where it is is no transition. */
export function isLegalTransition(from: MaybeState, to: MaybeState, actor: Actor = "system"): boolean {
  return nextTaskInstanceStates(from, actor).includes(to);
}

export function isLegalDagRunTransition(from: DagRunState, to: DagRunState, actor: Actor = "system"): boolean {
  return nextDagRunStates(from, actor).includes(to);
}
