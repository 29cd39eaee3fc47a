import { getGraphScopes } from "../graph-scopes.ts";
import { nodeOf, type RunInstance } from "../run-machine/run-model.ts";
import { isFailed, type MaybeState } from "../state-transitions.ts";
import { describeTask } from "../task-instance-name.ts";
import { nameAll, subjectOf, targetOf, toAction, toCause, toSentence } from "./causes.ts";
import { relevantOf } from "./waits.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED } from "./why.ts";

/** Why an instance has ended, or never ran. */
export function explainEnded(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const found = facts.instances.get(instance.id);
  const since = found?.endedAt ?? null;
  const reason = found?.stateReason ?? null;
  const clear = { unblock: "Clear it to have it run again.", action: toAction("clear_task", "Clear", targetOf(facts, instance)) };
  switch (instance.state) {
    case "success":
      return [toCause("succeeded", reason === null ? "It succeeded." : `It has succeeded: ${reason}.`, { since })];
    case "failed":
      return [explainFailed(facts, instance)];
    case "removed":
      return [toCause("removed", `It is not part of its run any more${reason === null ? "" : `: ${reason}`}.`, { since })];
    case "upstream_failed": {
      const sentence = `It did not run${reason === null ? "" : `: ${reason}`}.`;
      const roots = findRoots(facts, instance, isFailed, (state) => state === "upstream_failed");
      const unblock = roots.length === 0 ? clear.unblock : "Clear what failed, together with what is below it.";
      const because = roots.slice(0, MOST_NAMED).map((root) => ({ ...explainFailed(facts, root), about: subjectOf(facts, root) }));
      return [
        toCause("upstream_failed", sentence, { since, unblock, because, named: roots.slice(0, MOST_NAMED).map((root) => subjectOf(facts, root)) }),
      ];
    }
    default:
      return [{ ...explainSkipped(facts, instance), ...clear, since }];
  }
}

function explainFailed(facts: WhyRunFacts, instance: RunInstance): Cause {
  const found = facts.instances.get(instance.id);
  const { tryNumber } = instance;
  const tries = tryNumber > 1 ? ` after ${tryNumber} tries` : "";
  const said = found?.stateReason ?? null;
  return toCause("failed", `It failed${tries}${said === null ? "." : `: ${toSentence(said)}`}`, {
    since: found?.endedAt ?? null,
    unblock: "Clear it to have it run again.",
    action: toAction("clear_task", "Clear", targetOf(facts, instance)),
  });
}

function explainSkipped(facts: WhyRunFacts, instance: RunInstance): Cause {
  const { model } = facts;
  const reason = facts.instances.get(instance.id)?.stateReason ?? null;
  if (instance.branchSkipped) {
    const deciders = (getGraphScopes(model.graph).decidersOf.get(instance.taskId) ?? [])
      .flatMap((taskId) => relevantOf(model, instance, [taskId]))
      .filter((one) => one.state === "success");
    const names = nameAll(deciders.map((one) => describeTask(one.taskId, one.mapIndex)));
    const sentence = names === "" ? "An upstream branch did not follow it." : `Branch ${names} did not follow it.`;
    return toCause("branch_not_followed", sentence, { named: deciders.slice(0, MOST_NAMED).map((one) => subjectOf(facts, one)) });
  }
  const roots =
    instance.tryNumber > 0
      ? []
      : findRoots(
          facts,
          instance,
          (state) => state === "skipped",
          (state) => state === "skipped",
        );
  const because = roots.slice(0, MOST_NAMED).map((root) => ({ ...explainSkipped(facts, root), about: subjectOf(facts, root) }));
  return toCause("skipped", reason === null ? "It was skipped." : `It was skipped: ${toSentence(reason)}`, { because });
}

/** The tasks above, as far as states like this go up, that have no such state because of others. */
function findRoots(
  facts: WhyRunFacts,
  instance: RunInstance,
  counts: (state: MaybeState) => boolean,
  goesOn: (state: MaybeState) => boolean,
): RunInstance[] {
  const { model } = facts;
  const seen = new Set([instance]);
  const roots: RunInstance[] = [];
  const open = [instance];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const above = model.graph.tasks.has(one.taskId)
      ? relevantOf(model, one, nodeOf(model, one).upstream).filter((upstream) => counts(upstream.state))
      : [];
    if (above.length === 0 && one !== instance) roots.push(one);
    for (const upstream of above) {
      if (seen.has(upstream)) continue;
      seen.add(upstream);
      if (goesOn(upstream.state) && upstream.tryNumber === 0) open.push(upstream);
      else roots.push(upstream);
    }
  }
  return roots.filter((root) => root.state !== "upstream_failed" || roots.every((other) => other.state === "upstream_failed"));
}
