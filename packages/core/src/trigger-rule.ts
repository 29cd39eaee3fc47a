import type { TriggerRule } from "./dag-spec.ts";
import { isTerminal, type MaybeState } from "./state-transitions.ts";

/**
 * How many upstream task instances there are, and how many ended in each way. Kept on every task instance and updated when an upstream ends, so that a
 * rule is decided in constant time at any fan-in. Every instance of an expanded upstream counts; one that is not expanded yet counts as one.
 */
export interface UpstreamCounts {
  readonly total: number;
  readonly success: number;
  readonly skipped: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly removed: number;
}

export interface TriggerRuleInput {
  rule: TriggerRule;
  counts: UpstreamCounts;
  /** -1 for a task that is not mapped. */
  mapIndex: number;
  /** Direct upstreams that are setups; they are among `counts` too. Only `all_done_setup_success` looks at them; left out: there are none. */
  setupUpstreams?: Pick<UpstreamCounts, "total" | "success" | "skipped">;
  /** Setups in whose scope the task is without coming directly after them. Left out for teardowns, and where there are none; `always` does not look at them. */
  setupScope?: UpstreamCounts;
}

/** States that a rule gives without the task being run. */
export type TriggerRuleState = "skipped" | "upstream_failed" | "removed";

export type TriggerRuleVerdict =
  | { verdict: "ready"; reason: string }
  | { verdict: "wait"; reason: string }
  | { verdict: "set"; state: TriggerRuleState; reason: string };

export const NO_UPSTREAMS: UpstreamCounts = { total: 0, success: 0, skipped: 0, failed: 0, upstreamFailed: 0, removed: 0 };

/**
 * Decides whether a task instance may run, must wait, or will never run and gets a state at once. `reason` says why, for people.
 *
 * Once ready or set, no further end of an upstream makes it wait. States are given as early as the rule is certain not to hold, without waiting for the
 * remaining upstreams, as in Airflow.
 */
export function evaluateTriggerRule(input: TriggerRuleInput): TriggerRuleVerdict {
  const { rule, counts, mapIndex, setupScope } = input;
  const own = counts.total === 0 ? ready("it has no upstream tasks") : RULES[rule](counts, input);
  if (setupScope === undefined || setupScope.total === 0 || rule === "always") return own;
  const setups = allSuccess(setupScope, mapIndex, "setup");
  if (setups.verdict === "set" || own.verdict === "ready") return setups.verdict === "ready" ? own : setups;
  return own;
}

/** Upstreams that have ended in any way. */
export function finishedUpstreams({ success, skipped, failed, upstreamFailed, removed }: UpstreamCounts): number {
  return success + skipped + failed + upstreamFailed + removed;
}

/** Counts over a list of states, for those who have no counters at hand. */
export function countUpstreams(states: Iterable<MaybeState>): UpstreamCounts {
  const counts = { ...NO_UPSTREAMS };
  for (const state of states) {
    counts.total++;
    if (!isTerminal(state)) continue;
    if (state === "upstream_failed") counts.upstreamFailed++;
    else counts[state]++;
  }
  return counts;
}

const RULES: Record<TriggerRule, (counts: UpstreamCounts, input: TriggerRuleInput) => TriggerRuleVerdict> = {
  all_success: (counts, { mapIndex }) => allSuccess(counts, mapIndex, "upstream"),

  all_failed: (counts) => {
    const { total, success, skipped, failed, upstreamFailed, removed } = counts;
    if (success + skipped > 0) return set("skipped", `${tell(success + skipped, counts)} did not fail`);
    if (total - failed - upstreamFailed - removed <= 0) return ready("all upstream tasks failed");
    return wait(`it waits for all upstream tasks to fail; ${open(counts)}`);
  },

  all_done: (counts) => (isDone(counts) ? ready("all upstream tasks have finished") : wait(open(counts))),

  all_done_min_one_success: (counts) => {
    if (counts.skipped > 0) return set("skipped", `${tell(counts.skipped, counts)} ${was(counts.skipped)} skipped`);
    if (!isDone(counts)) return wait(open(counts));
    return counts.success > 0
      ? ready("all upstream tasks have finished, at least one with success")
      : set("upstream_failed", "no upstream task succeeded");
  },

  all_skipped: (counts) => {
    const notSkipped = counts.success + counts.failed + counts.upstreamFailed;
    if (notSkipped > 0) return set("skipped", `${tell(notSkipped, counts)} ${was(notSkipped)} not skipped`);
    if (counts.total - counts.skipped <= 0) return ready("all upstream tasks were skipped");
    return wait(`it waits for all upstream tasks to be skipped; ${open(counts)}`);
  },

  one_success: (counts) => {
    if (counts.success > 0) return ready(`${tell(counts.success, counts)} succeeded`);
    if (!isDone(counts)) return wait(`it waits for one upstream task to succeed; ${open(counts)}`);
    if (counts.skipped >= counts.total) return set("skipped", "all upstream tasks were skipped");
    return set("upstream_failed", "no upstream task succeeded");
  },

  one_failed: (counts) => {
    const failed = counts.failed + counts.upstreamFailed;
    if (failed > 0) return ready(`${tell(failed, counts)} failed`);
    return isDone(counts) ? set("skipped", "no upstream task failed") : wait(`it waits for one upstream task to fail; ${open(counts)}`);
  },

  one_done: (counts) => {
    const done = counts.success + counts.failed;
    if (done > 0) return ready(`${tell(done, counts)} succeeded or failed`);
    if (isDone(counts)) return set("skipped", "no upstream task succeeded or failed by itself");
    return wait(`it waits for one upstream task to succeed or fail; ${open(counts)}`);
  },

  none_failed: (counts) => noneFailed(counts) ?? wait(open(counts)),

  none_failed_min_one_success: (counts) => {
    if (counts.failed + counts.upstreamFailed > 0) return anyFailed(counts, "upstream");
    if (counts.skipped >= counts.total) return set("skipped", "all upstream tasks were skipped");
    if (isDone(counts) && counts.success === 0) return set("upstream_failed", "no upstream task succeeded");
    return noneFailed(counts) ?? wait(open(counts));
  },

  none_skipped: (counts) => {
    if (counts.skipped > 0) return set("skipped", `${tell(counts.skipped, counts)} ${was(counts.skipped)} skipped`);
    return isDone(counts) ? ready("all upstream tasks have finished, none was skipped") : wait(open(counts));
  },

  always: () => ready("its trigger rule is always"),

  all_done_setup_success: (counts, { setupUpstreams }) => {
    if (!isDone(counts)) return wait(open(counts));
    if (setupUpstreams === undefined || setupUpstreams.total === 0) return ready("all upstream tasks have finished");
    if (setupUpstreams.success > 0) return ready("all upstream tasks have finished, and a setup succeeded");
    if (setupUpstreams.skipped >= setupUpstreams.total) return set("skipped", "all its setups were skipped");
    return set("upstream_failed", "none of its setups succeeded");
  },
};

type Upstream = "upstream" | "setup";

/** Also the constraint on what is in the scope of setups: all of them must succeed. */
function allSuccess(counts: UpstreamCounts, mapIndex: number, what: Upstream): TriggerRuleVerdict {
  const { total, success, skipped, failed, upstreamFailed, removed } = counts;
  if (failed + upstreamFailed > 0) return anyFailed(counts, what);
  if (skipped > 0) return set("skipped", `${tell(skipped, counts, what)} ${was(skipped)} skipped`);
  // The map has become shorter: the upstream instance that this one belongs to is gone.
  if (mapIndex >= 0 && removed > 0 && success > 0 && mapIndex >= success) return set("removed", `its ${what} instance was removed`);
  if (total - success - removed <= 0) return ready(`all ${what} tasks succeeded`);
  return wait(open(counts, what));
}

function anyFailed(counts: UpstreamCounts, what: Upstream): TriggerRuleVerdict {
  const { failed, upstreamFailed } = counts;
  return set("upstream_failed", `${tell(failed + upstreamFailed, counts, what)} failed`);
}

function noneFailed(counts: UpstreamCounts): TriggerRuleVerdict | null {
  if (counts.failed + counts.upstreamFailed > 0) return anyFailed(counts, "upstream");
  return counts.total - counts.success - counts.skipped - counts.removed <= 0 ? ready("all upstream tasks have finished, none failed") : null;
}

function isDone(counts: UpstreamCounts): boolean {
  return finishedUpstreams(counts) >= counts.total;
}

function ready(reason: string): TriggerRuleVerdict {
  return { verdict: "ready", reason };
}

function wait(reason: string): TriggerRuleVerdict {
  return { verdict: "wait", reason };
}

function set(state: TriggerRuleState, reason: string): TriggerRuleVerdict {
  return { verdict: "set", state, reason };
}

/** "2 of 5 upstream tasks" */
function tell(amount: number, counts: UpstreamCounts, what: Upstream = "upstream"): string {
  return `${amount} of ${counts.total} ${what} task${counts.total === 1 ? "" : "s"}`;
}

function was(amount: number): string {
  return amount === 1 ? "was" : "were";
}

/** "2 of 5 upstream tasks have not finished" */
function open(counts: UpstreamCounts, what: Upstream = "upstream"): string {
  const amount = counts.total - finishedUpstreams(counts);
  return `${tell(amount, counts, what)} ${amount === 1 ? "has" : "have"} not finished`;
}
