import type { MaybeState, TriggerRule } from "@tradewind/core";

/** What is to become of a task instance about which nothing is decided. */
export type Verdict = "run" | "wait" | "skipped" | "upstream_failed" | "removed";

export interface RuleQuestion {
  rule: TriggerRule;
  /** States of the upstream instances that matter to the one that asks. */
  upstream: readonly MaybeState[];
  /** Those of them that are setups. */
  setups: readonly MaybeState[];
  /** Of the one that asks; -1: it is not mapped. */
  mapIndex: number;
}

/** Airflow's table of trigger rules, written down once more from its description: first what can no longer run, then what may. */
export function askRule({ rule, upstream, setups, mapIndex }: RuleQuestion): Verdict {
  if (upstream.length === 0 || rule === "always") return "run";
  const n = upstream.length;
  const count = (...states: MaybeState[]): number => upstream.filter((state) => states.includes(state)).length;
  const [success, skipped, removed] = [count("success"), count("skipped"), count("removed")];
  const bad = count("failed", "upstream_failed");
  const isDone = success + skipped + removed + bad === n;
  const when = (condition: boolean): Verdict => (condition ? "run" : "wait");

  switch (rule) {
    case "all_success":
      if (bad > 0) return "upstream_failed";
      if (skipped > 0) return "skipped";
      if (mapIndex >= 0 && removed > 0 && success > 0 && mapIndex >= success) return "removed";
      return when(success + removed === n);
    case "all_failed":
      return success + skipped > 0 ? "skipped" : when(bad + removed === n);
    case "all_done":
      return when(isDone);
    case "all_done_min_one_success":
      if (skipped > 0) return "skipped";
      if (isDone && success === 0) return "upstream_failed";
      return when(isDone);
    case "all_skipped":
      return success + bad > 0 ? "skipped" : when(skipped === n);
    case "one_success":
      if (success > 0) return "run";
      if (!isDone) return "wait";
      return skipped === n ? "skipped" : "upstream_failed";
    case "one_failed":
      if (bad > 0) return "run";
      return isDone ? "skipped" : "wait";
    case "one_done":
      if (success + count("failed") > 0) return "run";
      return isDone ? "skipped" : "wait";
    case "none_failed":
      return bad > 0 ? "upstream_failed" : when(success + skipped + removed === n);
    case "none_failed_min_one_success":
      if (bad > 0) return "upstream_failed";
      if (skipped === n) return "skipped";
      if (isDone && success === 0) return "upstream_failed";
      return when(success + skipped + removed === n);
    case "none_skipped":
      return skipped > 0 ? "skipped" : when(isDone);
    case "all_done_setup_success":
      if (!isDone) return "wait";
      if (setups.length === 0 || setups.includes("success")) return "run";
      return setups.every((state) => state === "skipped") ? "skipped" : "upstream_failed";
  }
}
