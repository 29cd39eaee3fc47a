import { nodeOf, type RunInstance } from "../run-machine/run-model.ts";
import { isTerminal } from "../state-transitions.ts";
import { explainBlockers } from "./blocker-causes.ts";
import { nameInstances, subjectOf, targetOf, toAction, toCause } from "./causes.ts";
import { explainEnded } from "./ended-causes.ts";
import { explainHeld } from "./held-causes.ts";
import { explainRunEnd, explainRunQueued } from "./run-causes.ts";
import { explainNow } from "./state-causes.ts";
import { findWait, RULE_IN_WORDS, type Wait } from "./waits.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED } from "./why.ts";

/** All that holds an instance, or why it ended as it did; never empty. */
export function explainInstanceCauses(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  if (isTerminal(instance.state)) return explainEnded(facts, instance);
  return explainNow(facts, instance) ?? explainUndecided(facts, instance);
}

function explainUndecided(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const { state } = facts.model.run;
  if (state === "queued") {
    return [toCause("run_queued", "Its run has not begun.", { because: explainRunQueued(facts), since: facts.run.queuedAt })];
  }
  if (state !== "running") {
    const { dagId, runId } = facts.model.run;
    return [
      toCause("run_ended", `Its run has ended (${state}); nothing more is decided in it.`, {
        since: facts.run.endDate,
        unblock: "Clear the task, which has the run go on.",
        action: toAction("clear_task", "Clear", targetOf(facts, instance)),
        named: [{ dagId, runId, taskId: null, mapIndex: null, state }],
        because: explainRunEnd(facts),
      }),
    ];
  }
  return explainWait(facts, instance, findWait(facts, instance));
}

/** Of an undecided instance of a running run. */
function explainWait(facts: WhyRunFacts, instance: RunInstance, wait: Wait): Cause[] {
  switch (wait.kind) {
    case "upstreams":
    case "setups":
    case "mapped":
    case "group":
      return [
        {
          ...describeWaitOn(facts, instance, wait),
          named: wait.on.slice(0, MOST_NAMED).map((one) => subjectOf(facts, one)),
          because: explainBlockers(facts, wait.on),
        },
      ];
    default:
      return [explainHeld(facts, instance, wait)];
  }
}

function describeWaitOn(facts: WhyRunFacts, instance: RunInstance, wait: Extract<Wait, { on: RunInstance[] }>): Cause {
  const names = nameInstances(wait.on);
  switch (wait.kind) {
    case "upstreams": {
      const rule = nodeOf(facts.model, instance).spec.triggerRule;
      const open = wait.total === 1 ? "its upstream task" : `${wait.on.length} of ${wait.total} upstream tasks`;
      const inWordsOfRule = rule === "all_success" ? "" : ` Trigger rule ${rule}: ${RULE_IN_WORDS[rule]}.`;
      return toCause("upstreams", `It waits for ${open}: ${names}.${inWordsOfRule}`);
    }
    case "setups":
      return toCause("setups", `It waits for the setup it works in: ${names}.`);
    case "mapped":
      return toCause("mapped_list_missing", `What "${wait.ownerId}" is mapped over is not there yet: it waits for ${names}.`);
    case "group":
      return toCause("group_not_final", `It waits for the end of group "${wait.groupId}": ${names}.`);
  }
}
