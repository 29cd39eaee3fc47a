import type { TaskSpec } from "../dag-spec.ts";
import { isSuccess, type MaybeState } from "../state-transitions.ts";

/**
 * What a task with depends_on_past has to know of the previous run: with catchup the scheduled run before this one, else the run before it of any kind, by logical date.
 */
export interface PastFacts {
  /** Null: there is no previous run, or this one is the first of a backfill. */
  previous: {
    /** Whether that run has the task at all. */
    hasTask: boolean;
    /** Of all instances of the task there. */
    states: readonly MaybeState[];
    /** Of all instances of the task's direct children there. */
    downstreamStates: readonly MaybeState[];
    /** With catchup: its logical date lies before the task's start date. */
    isBeforeStartDate: boolean;
  } | null;
  /** Whether any earlier run has an instance of the task. */
  hasRunBefore: boolean;
}

export const NO_PAST: PastFacts = { previous: null, hasRunBefore: false };

/** `blocked`: no end of anything sets it free; a person has to. */
export interface PastVerdict {
  verdict: "ready" | "wait" | "blocked";
  reason: string;
}

export function dependsOnPast({ dependsOnPast, waitForDownstream }: Pick<TaskSpec, "dependsOnPast" | "waitForDownstream">): boolean {
  return dependsOnPast || waitForDownstream;
}

/**
 * "depends_on_past: same task in the previous run must be all success/skipped (every mapped instance; unfinished counts as bad). Passes when: no previous run, first run of a backfill, previous
 * logical date before the task's start_date, or ignore_first_depends_on_past and the task never ran before. If the previous run lacks the task → blocked. wait_for_downstream: implies
 * depends_on_past and also the direct children of the previous instance must be success/skipped."
 */
export function evaluatePastDependencies(
  spec: Pick<TaskSpec, "dependsOnPast" | "waitForDownstream" | "ignoreFirstDependsOnPast">,
  { previous, hasRunBefore }: PastFacts,
): PastVerdict {
  if (!dependsOnPast(spec)) return { verdict: "ready", reason: "it does not depend on earlier runs" };
  if (spec.ignoreFirstDependsOnPast && !hasRunBefore) return { verdict: "ready", reason: "it has never run before" };
  if (previous === null) return { verdict: "ready", reason: "there is no previous run" };
  if (previous.isBeforeStartDate) return { verdict: "ready", reason: "the previous run lies before its start date" };
  if (!previous.hasTask) return { verdict: "blocked", reason: "the previous run has no instance of it" };
  const bad = previous.states.filter((state) => !isSuccess(state)).length;
  if (bad > 0)
    return {
      verdict: "wait",
      reason: `it depends on its past, and ${of(bad, previous.states.length, "instance")} in the previous run did not succeed`,
    };
  const badBelow = spec.waitForDownstream ? previous.downstreamStates.filter((state) => !isSuccess(state)).length : 0;
  if (badBelow > 0) {
    const count = of(badBelow, previous.downstreamStates.length, "direct downstream instance");
    return { verdict: "wait", reason: `it waits for the downstream tasks of the previous run, and ${count} did not succeed` };
  }
  return { verdict: "ready", reason: "the previous run succeeded" };
}

function of(count: number, total: number, what: string): string {
  return `${count} of ${total} ${what}${total === 1 ? "" : "s"}`;
}
