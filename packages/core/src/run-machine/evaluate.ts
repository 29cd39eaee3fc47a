import type { TaskNode } from "../dag-graph.ts";
import { getGraphScopes } from "../graph-scopes.ts";
import { UNMAPPED } from "../mapping.ts";
import { evaluateTriggerRule, finishedUpstreams, type TriggerRuleState, type TriggerRuleVerdict } from "../trigger-rule.ts";
import { changeState, makeReady } from "./changes.ts";
import { lookAtGroup, lookAtTask, type MappingLook, NOTHING, noteExpansion, requiresFit } from "./expand.ts";
import { isGroupFinal, requireGroup } from "./group-retries.ts";
import { dependsOnPast, evaluatePastDependencies } from "./past.ts";
import { instancesOf, nodeOf, requireTasks, type RunInstance, type RunModel, type RunNeeds } from "./run-model.ts";
import { countRelevant } from "./upstream-counts.ts";

/** What a look at an instance came to. `ask`: something is not in memory. */
export type InstanceVerdict = TriggerRuleVerdict | { verdict: "ask" };

/** What becomes of an instance, or of all undecided ones of a mapped task or group. */
export type Decision =
  | { kind: "ask" | "ready" }
  /** `skipReason`: it is to be skipped, and its past keeps it from that. */
  | { kind: "wait"; reason: string; skipReason?: string }
  | { kind: "set"; state: TriggerRuleState; reason: string }
  | { kind: "set_all"; taskIds: readonly string[]; state: TriggerRuleState; reason: string }
  | { kind: "expand"; ownerId: string; length: number };

const ASK: InstanceVerdict = { verdict: "ask" };

/** Decides about an instance of a running run that is undecided, or whose retry or reschedule is due, from the states as they are, and changes nothing. */
export function lookAt(model: RunModel, instance: RunInstance, needs: RunNeeds): Decision {
  const decision = decide(model, instance, needs);
  const isSkip = (decision.kind === "set" || decision.kind === "set_all") && decision.state === "skipped";
  return isSkip ? holdSkip(model, instance, decision, needs) : decision;
}

/**
 * "wait_for_past_depends_before_skipping: the move to skipped waits until depends_on_past is met." Of what is skipped together, only what has to wait does. States that say that something
 * above went wrong do not wait.
 */
function holdSkip(model: RunModel, instance: RunInstance, decision: Extract<Decision, { state: TriggerRuleState }>, needs: RunNeeds): Decision {
  const concerned = decision.kind === "set" ? [instance.taskId] : decision.taskIds;
  const held = new Map<string, string>();
  let asks = false;
  for (const taskId of concerned) {
    if (model.graph.tasks.get(taskId)!.spec.waitForPastDependsBeforeSkipping !== true) continue;
    const past = judgePast(model, taskId, needs);
    if (past.verdict === "ask") asks = true;
    else if (past.verdict !== "ready") held.set(taskId, past.reason);
  }
  if (asks) return { kind: "ask" };
  const taskIds = concerned.filter((taskId) => !held.has(taskId));
  const own = held.get(instance.taskId);
  if (own !== undefined && (instance.state !== null || !hasUndecided(model, taskIds, decision.reason))) {
    return { kind: "wait", reason: own, skipReason: decision.reason };
  }
  return decision.kind === "set_all" ? { ...decision, taskIds } : decision;
}

function hasUndecided(model: RunModel, taskIds: readonly string[], reason: string): boolean {
  return taskIds.some((taskId) => instancesOf(model, taskId).some((one) => one.state === null && !decidesItself(one, reason)));
}

/** Of what was never expanded each task's own rule says when there is nothing to do for it; an instance that an earlier, longer expansion left has nothing to do now. */
function decidesItself(one: RunInstance, reason: string): boolean {
  return reason === NOTHING && one.mapIndex === UNMAPPED;
}

function decide(model: RunModel, instance: RunInstance, needs: RunNeeds): Decision {
  const held = findHold(model, instance, needs);
  if (held !== null) return toWait(held);
  if (instance.branchSkipped) return { kind: "set", state: SKIPPED_BY_BRANCH.state, reason: SKIPPED_BY_BRANCH.reason };
  const node = nodeOf(model, instance);
  const group = node.indexGroupId === null ? null : model.graph.groups.get(node.indexGroupId)!;
  const isUnexpanded = group?.spec.mapping != null && instance.mapIndex === UNMAPPED;
  if (isUnexpanded) {
    const look = lookAtGroup(model, group, needs);
    if (typeof look === "string" || "state" in look || look.count > 0) return toDecision(look, group.groupId, group.taskIds);
  }
  const verdict = judge(model, instance, needs);
  if (verdict.verdict === "ask") return { kind: "ask" };
  if (verdict.verdict === "set") return { kind: "set", state: verdict.state, reason: verdict.reason };
  // Its own rule may be content while it waits for setups, or for the past: what it is mapped over may give it a state all the same.
  const { counts, mapIndex } = instance;
  if (verdict.verdict === "wait" && evaluateTriggerRule({ rule: node.spec.triggerRule, counts, mapIndex }).verdict !== "ready")
    return toWait(verdict);
  const mapped = lookAtMapped(model, node, needs);
  if (mapped !== null && mapped.kind !== "expand" && mapped.kind !== "set_all") return mapped;
  if (mapped?.kind === "set_all" && mapped.reason !== NOTHING) return mapped;
  if (verdict.verdict === "wait") return toWait(verdict);
  const past = judgePast(model, instance.taskId, needs);
  if (past.verdict !== "ready") return toWait(past);
  if (isUnexpanded) return toDecision({ count: 0 }, group.groupId, group.taskIds);
  return mapped ?? { kind: "ready" };
}

function toWait(verdict: InstanceVerdict): Decision {
  return verdict.verdict === "ask" ? { kind: "ask" } : { kind: "wait", reason: verdict.reason };
}

/** What a mapped task, or the first tasks of a mapped group, are mapped over now. Null: it is not looked at here. */
function lookAtMapped(model: RunModel, node: TaskNode, needs: RunNeeds): Decision | null {
  if (node.spec.mapping !== null) return toDecision(lookAtTask(model, node, needs), node.taskId, [node.taskId]);
  const group = node.indexGroupId === null ? null : model.graph.groups.get(node.indexGroupId)!;
  if (group === null || !requiresFit(model, group, node)) return null;
  return toDecision(lookAtGroup(model, group, needs), group.groupId, group.taskIds);
}

const SKIPPED_BY_BRANCH = { verdict: "set", state: "skipped", reason: "an upstream branch did not follow it" } as const;

function toDecision(look: MappingLook, ownerId: string, taskIds: readonly string[]): Decision {
  if (look === "ask") return { kind: "ask" };
  if (look === "wait") return { kind: "wait", reason: "what it is mapped over has not come to its end" };
  if ("state" in look) return { kind: "set_all", taskIds, state: look.state, reason: look.reason };
  if (look.count === 0) return { kind: "set_all", taskIds, state: "skipped", reason: NOTHING };
  return { kind: "expand", ownerId, length: look.count };
}

/** What was decided is done. Instances that come up, and what is mapped, begin in the next round. */
export function carryOut(model: RunModel, instance: RunInstance, decision: Decision): void {
  switch (decision.kind) {
    case "ask":
    case "wait":
      return;
    case "ready":
      if (instance.state === null) makeReady(model, instance);
      return;
    case "set":
      if (instance.state === null) changeState(model, instance, decision.state, { reason: decision.reason });
      return;
    case "set_all":
      for (const one of decision.taskIds.flatMap((taskId) => instancesOf(model, taskId))) {
        if (one.state === null && (one === instance || !decidesItself(one, decision.reason)))
          changeState(model, one, decision.state, { reason: decision.reason });
      }
      return;
    case "expand":
      return noteExpansion(model, decision.ownerId, decision.length);
  }
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

function judgePast(model: RunModel, taskId: string, needs: RunNeeds): InstanceVerdict {
  const { spec } = model.graph.tasks.get(taskId)!;
  if (!dependsOnPast(spec)) return { verdict: "ready", reason: "" };
  const facts = model.past.get(taskId);
  if (facts === undefined) {
    needs.past.add(taskId);
    return ASK;
  }
  const { verdict, reason } = evaluatePastDependencies(spec, facts);
  if (verdict === "ready") return { verdict, reason };
  model.pastWaits.add(taskId);
  return { verdict: "wait", reason };
}

/**
 * The time of a retry or reschedule has come: what was decided by the same look as about an undecided instance is done, since what is above may have been cleared, or a branch may have
 * decided, meanwhile. What it is mapped over does not multiply it again.
 */
export function fireInstance(model: RunModel, instance: RunInstance, decision: Decision): void {
  if (instance.state !== "up_for_retry" && instance.state !== "up_for_reschedule") return;
  const isSet = decision.kind === "set" || (decision.kind === "set_all" && decision.reason !== NOTHING);
  if (isSet) {
    changeState(model, instance, decision.state, { reason: decision.reason });
  } else if (decision.kind === "wait") {
    instance.stateChanged = true;
    instance.stateReason = decision.reason;
    instance.timerMs = WAIT_AGAIN_MS;
  } else {
    if (instance.state === "up_for_retry") instance.keepsHistory = true;
    else instance.tryNumber -= 1;
    instance.attemptId = null;
    makeReady(model, instance);
  }
}

/** What a retry waits when its upstreams were cleared meanwhile and are not done yet. */
const WAIT_AGAIN_MS = 30_000;

/** Why an instance has the state it has, or waits; what is not here cannot be told. */
export function explainInstance(model: RunModel, instance: RunInstance, needs: RunNeeds): InstanceVerdict {
  if (instance.state !== null) return { verdict: "wait", reason: instance.stateReason ?? `it is ${instance.state}` };
  const held = findHold(model, instance, needs);
  if (held !== null) return held;
  const verdict = instance.branchSkipped ? SKIPPED_BY_BRANCH : judge(model, instance, needs);
  const isSkip = verdict.verdict === "set" && verdict.state === "skipped";
  const asksPast = verdict.verdict === "ready" || (isSkip && nodeOf(model, instance).spec.waitForPastDependsBeforeSkipping === true);
  if (!asksPast) return verdict;
  const past = judgePast(model, instance.taskId, needs);
  return past.verdict === "ready" ? verdict : past;
}
