import type { RunInstance } from "../run-machine/run-model.ts";
import { describeTask } from "../task-instance-name.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED, type WhyAction, type WhyActionId, type WhyCode, type WhySubject } from "./why.ts";

/** A cause; what is not said is not known. */
export function toCause(code: WhyCode, sentence: string, rest: Partial<Omit<Cause, "code" | "sentence">> = {}): Cause {
  return { code, sentence, unblock: null, action: null, at: null, since: null, about: null, count: 1, named: [], because: [], ...rest };
}

export function toAction(id: WhyActionId, label: string, target: Partial<Omit<WhyAction, "id" | "label">> = {}): WhyAction {
  return { id, label, dagId: null, runId: null, taskId: null, mapIndex: null, pool: null, ...target };
}

export function subjectOf({ model }: WhyRunFacts, instance: RunInstance): WhySubject {
  const { dagId, runId } = model.run;
  return { dagId, runId, taskId: instance.taskId, mapIndex: instance.mapIndex, state: instance.state };
}

/** For an action about an instance. */
export function targetOf({ model }: WhyRunFacts, { taskId, mapIndex }: RunInstance): Pick<WhyAction, "dagId" | "runId" | "taskId" | "mapIndex"> {
  const { dagId, runId } = model.run;
  return { dagId, runId, taskId, mapIndex };
}

/** `"a" (running), "b" [3] (no status) and 4 more`. */
export function nameInstances(instances: readonly Pick<RunInstance, "taskId" | "mapIndex" | "state">[]): string {
  return nameAll(instances.map(({ taskId, mapIndex, state }) => `${describeTask(taskId, mapIndex)} (${inWords(state)})`));
}

export function nameAll(names: readonly string[], total = names.length): string {
  const shown = names.slice(0, MOST_NAMED);
  if (shown.length === 0) return "";
  const more = total - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

export function inWords(state: string | null): string {
  return state === null ? "no status" : state.replaceAll("_", " ");
}

/** `1 task`, `3 tasks`. */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A reason that was stored for people, as a sentence. */
export function toSentence(text: string): string {
  const trimmed = text.trim().split("\n", 1)[0]!;
  const whole = `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}`;
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
