import { evaluatePastDependencies } from "../run-machine/past.ts";
import { nodeOf, type RunInstance } from "../run-machine/run-model.ts";
import { isTerminal } from "../state-transitions.ts";
import { inWords, toAction, toCause, toSentence } from "./causes.ts";
import type { Wait } from "./waits.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED } from "./why.ts";

/** Of an undecided instance that waits for nothing else in its run. */
export function explainHeld(facts: WhyRunFacts, instance: RunInstance, wait: Wait): Cause {
  if (wait.kind === "past") return explainPast(facts, instance, wait.skipReason);
  if (wait.kind !== "group_retry") return toCause("about_to_be_decided", "Nothing holds it back: it is about to be decided whether it runs.");
  const { retries } = facts.model.graph.groups.get(wait.groupId)!.spec;
  const sentence = `Group "${wait.groupId}" ended with a failure and is run again: ${wait.triesUsed} of ${retries + 1} tries are used.`;
  return toCause("group_retry", sentence, { at: wait.dueAt });
}

/** "depends_on_past", in the words of the rule, and the instances of the previous run that keep it from holding. */
function explainPast(facts: WhyRunFacts, instance: RunInstance, skipReason: string | undefined): Cause {
  const { model } = facts;
  const { spec } = nodeOf(model, instance);
  const verdict = evaluatePastDependencies(spec, model.past.get(instance.taskId)!);
  const previous = facts.previousRuns.get(instance.taskId);
  const { dagId } = model.run;
  const skip = skipReason === undefined ? "" : `It is to be skipped (${skipReason}) when its past allows it. `;
  if (previous === undefined) return toCause("depends_on_past", skip + toSentence(verdict.reason), { unblock: null });
  const { runId, bad } = previous;
  const states = [...new Set(bad.map((one) => inWords(one.state)))].join(", ");
  const sentence = `${skip}${toSentence(verdict.reason).slice(0, -1)}: run "${runId}"${states === "" ? "" : ` (${states})`}.`;
  const isOver = bad.length > 0 && bad.every((one) => isTerminal(one.state));
  return toCause("depends_on_past", sentence, {
    unblock:
      verdict.verdict === "blocked"
        ? "Mark this task, or run it without its past."
        : isOver
          ? "Clear it there, or mark it as success."
          : "It has to succeed there.",
    action: toAction(bad.length === 0 ? "open_run" : "open_task", "Show it there", {
      dagId,
      runId,
      ...(bad[0] !== undefined && { taskId: instance.taskId, mapIndex: bad[0].mapIndex }),
    }),
    named: bad.slice(0, MOST_NAMED).map((one) => ({ dagId, runId, taskId: instance.taskId, mapIndex: one.mapIndex, state: one.state })),
  });
}
