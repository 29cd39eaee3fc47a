import type { RunInstance } from "../run-machine/run-model.ts";
import { subjectOf } from "./causes.ts";
import { explainHeld } from "./held-causes.ts";
import { explainNow } from "./state-causes.ts";
import { findBlockers, findWait, isUndecided } from "./waits.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED, type WhyCode } from "./why.ts";

/** Goes on by itself: told after what does not. */
const AT_WORK: ReadonlySet<WhyCode> = new Set(["running", "queued_at_executor", "ready_for_dispatch", "about_to_be_decided"]);

/** What is at the root of a wait: alike ones together, what needs somebody before what is at work. */
export function explainBlockers(facts: WhyRunFacts, on: readonly RunInstance[]): Cause[] {
  return gatherCauses(facts, findBlockers(facts, on));
}

export function gatherCauses(facts: WhyRunFacts, blockers: readonly RunInstance[]): Cause[] {
  const found = new Map<string, Cause>();
  for (const instance of blockers) {
    for (const cause of explainBlocker(facts, instance)) {
      const key = JSON.stringify([instance.taskId, cause.code]);
      const alike = found.get(key);
      if (alike === undefined) found.set(key, { ...cause, about: subjectOf(facts, instance) });
      else {
        alike.count += 1;
        if (cause.at !== null && (alike.at === null || cause.at < alike.at)) alike.at = cause.at;
      }
    }
  }
  return [...found.values()].toSorted((a, b) => Number(AT_WORK.has(a.code)) - Number(AT_WORK.has(b.code))).slice(0, MOST_NAMED);
}

function explainBlocker(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const now = explainNow(facts, instance);
  if (now !== null) return now;
  return isUndecided(facts.model, instance) ? [explainHeld(facts, instance, findWait(facts, instance))] : [];
}
