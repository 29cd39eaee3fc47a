import type { TriggerRule } from "../dag-spec.ts";
import { getGraphScopes } from "../graph-scopes.ts";
import { listMappingRefs } from "../inputs.ts";
import { UNMAPPED } from "../mapping.ts";
import { findHold, judge, lookAt } from "../run-machine/evaluate.ts";
import { lookAtGroup } from "../run-machine/expand.ts";
import { isGroupFinal } from "../run-machine/group-retries.ts";
import { dependsOnPast } from "../run-machine/past.ts";
import { countsSameIndexOnly, isSameIndex } from "../run-machine/relations.ts";
import { createNeeds, hasNeeds, instancesOf, nodeOf, type RunInstance, type RunModel, type RunNeeds } from "../run-machine/run-model.ts";
import { isTerminal } from "../state-transitions.ts";
import { evaluateTriggerRule } from "../trigger-rule.ts";
import type { WhyRunFacts } from "./why-facts.ts";

/** What an undecided instance of a running run waits for. `on`: what has to end, or to be decided about, before. */
export type Wait =
  | { kind: "upstreams" | "setups"; on: RunInstance[]; total: number }
  | { kind: "group"; groupId: string; on: RunInstance[] }
  | { kind: "group_retry"; groupId: string; dueAt: Date | null; triesUsed: number }
  | { kind: "mapped"; ownerId: string; on: RunInstance[] }
  /** `skipReason`: it is to be skipped when its past lets it go on. */
  | { kind: "past"; skipReason?: string }
  /** Nothing holds it: it is about to be decided. */
  | { kind: "nothing" };

/** What must be known beside the states of instances before anything can be said; null: all is here. The engine's own look asks. */
export function listWhyNeeds(model: RunModel): RunNeeds | null {
  if (model.run.state !== "running") return null;
  const needs = createNeeds();
  for (const instance of model.instances.values()) if (isUndecided(model, instance)) lookAt(model, instance, needs);
  return hasNeeds(needs) ? needs : null;
}

export function isUndecided(model: RunModel, { state, taskId }: RunInstance): boolean {
  return state === null && model.graph.tasks.has(taskId);
}

/** Asks the same functions as the scheduler, in the same order, so that what is told is what it goes by. */
export function findWait(facts: WhyRunFacts, instance: RunInstance): Wait {
  const { model } = facts;
  const needs = createNeeds();
  const decision = lookAt(model, instance, needs);
  if (decision.kind !== "wait") return { kind: "nothing" };
  if (decision.skipReason !== undefined) return { kind: "past", skipReason: decision.skipReason };
  if (findHold(model, instance, needs) !== null) return findHolding(facts, instance);
  const node = nodeOf(model, instance);
  const group = node.indexGroupId === null ? null : model.graph.groups.get(node.indexGroupId)!;
  if (group?.spec.mapping != null && instance.mapIndex === UNMAPPED && lookAtGroup(model, group, needs) === "wait") {
    return { kind: "mapped", ownerId: group.groupId, on: sourcesOf(model, group.groupId) };
  }
  if (judge(model, instance, needs).verdict === "wait") return findUpstreams(model, instance);
  if (group?.spec.mapping != null && lookAtGroup(model, group, needs) === "wait") {
    return { kind: "mapped", ownerId: group.groupId, on: sourcesOf(model, group.groupId) };
  }
  return dependsOnPast(node.spec) ? { kind: "past" } : { kind: "nothing" };
}

function findUpstreams(model: RunModel, instance: RunInstance): Wait {
  const node = nodeOf(model, instance);
  const { counts, mapIndex } = instance;
  const { triggerRule: rule } = node.spec;
  const isOwnRule = rule === "all_done_setup_success" || evaluateTriggerRule({ rule, counts, mapIndex }).verdict !== "ready";
  const upstreamIds = isOwnRule ? node.upstream : (getGraphScopes(model.graph).setupsOf.get(node.taskId) ?? []);
  const all = relevantOf(model, instance, upstreamIds);
  return { kind: isOwnRule ? "upstreams" : "setups", on: all.filter((one) => !isTerminal(one.state)), total: all.length };
}

/** The instances of those tasks above that count for this one. */
export function relevantOf(model: RunModel, instance: RunInstance, upstreamIds: readonly string[]): RunInstance[] {
  const node = nodeOf(model, instance);
  return upstreamIds.flatMap((id) => {
    const all = instancesOf(model, id);
    const sameIndexOnly = countsSameIndexOnly(model.graph.tasks.get(id)!, node);
    return sameIndexOnly ? all.filter((one) => isSameIndex(one.mapIndex, instance.mapIndex)) : [...all];
  });
}

/** What a mapped group is mapped over, as far as it is not done. */
function sourcesOf(model: RunModel, groupId: string): RunInstance[] {
  const refs = listMappingRefs(model.graph.groups.get(groupId)!.spec.mapping!);
  return [...new Set(refs.map((ref) => ref.taskId))].flatMap((taskId) => instancesOf(model, taskId)).filter((one) => !isTerminal(one.state));
}

/** The group that holds it: at work still, or waiting for its next try. */
function findHolding(facts: WhyRunFacts, instance: RunInstance): Wait {
  const { model } = facts;
  const held = getGraphScopes(model.graph).heldBy.get(instance.taskId) ?? [];
  const groupId = held.find((id) => !isGroupFinal(model, id))!;
  const members = model.graph.groups.get(groupId)!.taskIds.flatMap((taskId) => [...instancesOf(model, taskId)]);
  const on = members.filter((one) => !isTerminal(one.state));
  if (on.length > 0) return { kind: "group", groupId, on };
  const dueAt = members.flatMap((one) => facts.instances.get(one.id)?.timer?.dueAt ?? [])[0] ?? null;
  return { kind: "group_retry", groupId, dueAt, triesUsed: model.groupTries?.get(groupId) ?? 1 };
}

/**
 * Goes up from what an instance waits for to whatever does not wait for something else in the run: what is at work, or held by something outside of the run's graph. Nearest first.
 */
export function findBlockers(facts: WhyRunFacts, on: readonly RunInstance[]): RunInstance[] {
  const { model } = facts;
  const open = new Set(on);
  const found: RunInstance[] = [];
  const walked = new Set<string>();
  // What is added to a set while it is gone through is gone through too.
  for (const instance of open) {
    // All undecided instances of a task wait for the same, but for those of a group, each of which waits for those of its own index.
    const isLikeOthers = instance.state === null && walked.has(instance.taskId);
    if (isLikeOthers) continue;
    const wait = isUndecided(model, instance) ? findWait(facts, instance) : { kind: "nothing" as const };
    const next = "on" in wait ? wait.on : [];
    if (next.length === 0) found.push(instance);
    else if (nodeOf(model, instance).indexGroupId === null) walked.add(instance.taskId);
    for (const above of next) open.add(above);
  }
  return found;
}

/** A trigger rule as what it asks of the tasks above. */
export const RULE_IN_WORDS: Record<TriggerRule, string> = {
  all_success: "all of them must succeed",
  all_failed: "all of them must fail",
  all_done: "all of them must have ended, in whatever way",
  all_done_min_one_success: "all of them must have ended, one of them with success",
  all_skipped: "all of them must be skipped",
  one_success: "one of them must succeed",
  one_failed: "one of them must fail",
  one_done: "one of them must succeed or fail",
  none_failed: "none of them may fail",
  none_failed_min_one_success: "none of them may fail, and one must succeed",
  none_skipped: "none of them may be skipped",
  always: "it waits for none of them",
  all_done_setup_success: "all of them must have ended, and its setup must have succeeded",
};
