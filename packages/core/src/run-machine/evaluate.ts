import { getGraphScopes } from "../graph-scopes.ts";
import { UNMAPPED } from "../mapping.ts";
import { isTerminal } from "../state-transitions.ts";
import { evaluateTriggerRule, finishedUpstreams, type TriggerRuleVerdict } from "../trigger-rule.ts";
import { changeState, makeReady } from "./changes.ts";
import { expandGroup, expandTask, fitGroup } from "./expand.ts";
import { isGroupFinal, requireGroup } from "./group-retries.ts";
import { dependsOnPast, evaluatePastDependencies } from "./past.ts";
import { instancesOf, nodeOf, requireTasks, type RunInstance, type RunModel, type RunNeeds } from "./run-model.ts";
import { countRelevant } from "./upstream-counts.ts";

/** What a look at an instance came to. `ask`: something is not in memory. */
export type InstanceVerdict = TriggerRuleVerdict | { verdict: "ask" };

const ASK: InstanceVerdict = { verdict: "ask" };

/** Decides about an undecided instance of a running run. Returns false when it has to be looked at again, with what is asked for. */
export function evaluateInstance(model: RunModel, instance: RunInstance, needs: RunNeeds): boolean {
  const held = findHold(model, instance, needs);
  if (held !== null) return held.verdict !== "ask";
  if (instance.branchSkipped) {
    changeState(model, instance, "skipped", { reason: "an upstream branch did not follow it" });
    return true;
  }
  const node = nodeOf(model, instance);
  const group = node.indexGroupId === null ? null : model.graph.groups.get(node.indexGroupId)!;
  const isUnexpanded = group?.spec.mapping != null && instance.mapIndex === UNMAPPED;
  if (isUnexpanded) {
    const expanded = expandGroup(model, group, needs);
    if (expanded !== "nothing") return expanded;
  }
  const verdict = judge(model, instance, needs);
  if (verdict.verdict === "ask") return false;
  if (verdict.verdict === "wait") return true;
  if (verdict.verdict === "set") {
    changeState(model, instance, verdict.state, { reason: verdict.reason });
    return true;
  }
  const past = judgePast(model, instance, needs);
  if (past.verdict !== "ready") return past.verdict === "wait";
  if (isUnexpanded) {
    changeState(model, instance, "skipped", { reason: "its group is mapped over nothing" });
    return true;
  }
  if (node.spec.mapping !== null) return expandTask(model, instance, needs);
  if (group?.spec.mapping != null && !fitGroup(model, group, node, needs)) return false;
  if (instance.state === null) makeReady(model, instance);
  return true;
}

/** The trigger rule with the setups in whose scope the instance is. */
export function judge(model: RunModel, instance: RunInstance, needs: RunNeeds): InstanceVerdict {
  const node = nodeOf(model, instance);
  const { graph } = model;
  const { triggerRule: rule } = node.spec;
  const { counts, mapIndex } = instance;
  const count = (taskIds: readonly string[]) => countRelevant(graph, node, mapIndex, taskIds, (taskId) => instancesOf(model, taskId));
  if (rule === "all_done_setup_success") {
    if (finishedUpstreams(counts) < counts.total) return evaluateTriggerRule({ rule, counts, mapIndex });
    const setups = node.upstream.filter((id) => graph.tasks.get(id)!.spec.isSetup);
    if (!requireTasks(model, needs, setups)) return ASK;
    return evaluateTriggerRule({ rule, counts, mapIndex, setupUpstreams: count(setups) });
  }
  const scope = getGraphScopes(graph).setupsOf.get(node.taskId);
  if (scope === undefined) return evaluateTriggerRule({ rule, counts, mapIndex });
  if (!requireTasks(model, needs, scope)) return ASK;
  return evaluateTriggerRule({ rule, counts, mapIndex, setupScope: count(scope) });
}

/** Groups that are to be run again, and loops that go on, hold what is below them. Null: nothing holds it. */
export function findHold(model: RunModel, instance: RunInstance, needs: RunNeeds): InstanceVerdict | null {
  if (model.graph.groups.size === 0) return null;
  for (const groupId of getGraphScopes(model.graph).heldBy.get(instance.taskId) ?? []) {
    if (!requireGroup(model, groupId, needs)) return ASK;
    if (!isGroupFinal(model, groupId)) return { verdict: "wait", reason: `group "${groupId}" has not come to its end` };
  }
  return null;
}

export function judgePast(model: RunModel, instance: RunInstance, needs: RunNeeds): InstanceVerdict {
  const { spec } = nodeOf(model, instance);
  if (!dependsOnPast(spec)) return { verdict: "ready", reason: "" };
  const facts = model.past.get(instance.taskId);
  if (facts === undefined) {
    needs.past.add(instance.taskId);
    return ASK;
  }
  const { verdict, reason } = evaluatePastDependencies(spec, facts);
  if (verdict === "ready") return { verdict, reason };
  model.pastWaits.add(instance.taskId);
  return { verdict: "wait", reason };
}

/** A retry or a reschedule whose time has come: the next try, or the next poke of the same. Its rule decides again, since upstreams may have been cleared meanwhile. */
export function fireInstance(model: RunModel, instance: RunInstance, needs: RunNeeds): boolean {
  if (instance.state !== "up_for_retry" && instance.state !== "up_for_reschedule") return true;
  const verdict = judge(model, instance, needs);
  if (verdict.verdict === "ask") return false;
  if (verdict.verdict === "set") {
    changeState(model, instance, verdict.state, { reason: verdict.reason });
  } else if (verdict.verdict === "wait") {
    instance.stateChanged = true;
    instance.stateReason = verdict.reason;
    instance.timerMs = WAIT_AGAIN_MS;
  } else {
    if (instance.state === "up_for_retry") instance.keepsHistory = true;
    else instance.tryNumber -= 1;
    instance.attemptId = null;
    makeReady(model, instance);
  }
  return true;
}

/** What a retry waits when its upstreams were cleared meanwhile and are not done yet. */
const WAIT_AGAIN_MS = 30_000;

/** Why an instance has the state it has, or waits; what is not here cannot be told. */
export function explainInstance(model: RunModel, instance: RunInstance, needs: RunNeeds): InstanceVerdict {
  if (instance.state !== null)
    return { verdict: "wait", reason: instance.stateReason ?? (isTerminal(instance.state) ? `it is ${instance.state}` : `it is ${instance.state}`) };
  const held = findHold(model, instance, needs);
  if (held !== null) return held;
  if (instance.branchSkipped) return { verdict: "set", state: "skipped", reason: "an upstream branch did not follow it" };
  const verdict = judge(model, instance, needs);
  if (verdict.verdict !== "ready") return verdict;
  const past = judgePast(model, instance, needs);
  return past.verdict === "ready" ? verdict : past;
}
