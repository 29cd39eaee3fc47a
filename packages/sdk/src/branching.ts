import type { Json } from "@tradewind/core";
import { assertJson, errorMessage } from "@tradewind/core";
import { type DagDefinition, type Decision, type Node, type PlacedTask, TASK_GROUP, TASK_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { assertSameDag } from "./ref-target.ts";
import { isTaskGroup, isTaskRef, type Linkable, type LinkableGroup, link, nodesOf, type TaskRef } from "./task-ref.ts";

/** What the handler of a branch may return: a task, a group, the id of one, a list of these, or null for none. */
export type BranchChoice =
  | string
  | TaskRef<unknown>
  | LinkableGroup
  | null
  | undefined
  | void
  | readonly (string | TaskRef<unknown> | LinkableGroup)[];

/** `dag.if(condition)`: what follows when it is true. */
export interface IfBranch {
  /** Followed when the condition is true. */
  then(...targets: Linkable[]): IfSides;
}

/** `dag.if(condition).then(…)`, complete, or to be continued by `else`. */
export interface IfSides extends BranchEnd {
  /** Followed when the condition is false. */
  else(...targets: Linkable[]): BranchEnd;
}

/** The end of a branch, where its sides may come together again. */
export interface BranchEnd {
  /**
   * Runs the given tasks after all sides, whichever was followed: draws the edges and sets their trigger rule to `none_failed_min_one_success`, unless
   * they have one of their own. (With the default rule a join would be skipped with the side that was not followed.)
   */
  join(...tasks: TaskRef<unknown>[]): void;
}

/** `dag.switch(decider)`: its cases. */
export interface SwitchBranch<Value> extends BranchEnd {
  /** Followed when the decider's result equals this value (as JSON). */
  case(value: Value, target: Linkable, ...targets: Linkable[]): SwitchBranch<Value>;
  /** Followed when the decider returns this task or group. */
  case(target: TaskRef<unknown> | LinkableGroup): SwitchBranch<Value>;
  /** Followed when no case matches. */
  default(...targets: Linkable[]): SwitchBranch<Value>;
}

export function makeIf(dag: DagDefinition, condition: TaskRef<boolean>): IfBranch {
  const { task, path } = claimDecider(dag, condition, "if");
  const decision: Decision & { kind: "if" } = { kind: "if", path, whenTrue: [], whenFalse: [] };
  task.decision = decision;
  const end = makeEnd(dag, () => [...decision.whenTrue, ...decision.whenFalse]);
  return {
    // An object with `then` is taken for a promise by `await`; say so instead of waiting for ever.
    // oxlint-disable-next-line unicorn/no-thenable
    then(...targets) {
      if (targets.some((target) => typeof target === "function" && !("withId" in target))) {
        throw definitionError(
          `dag.if(${task.taskId}) in DAG "${dag.dagId}" was awaited, or its then() was given a function. It builds a branch: drop the await, and give then() placed tasks.`,
          { dagId: dag.dagId, taskId: task.taskId },
        );
      }
      decision.whenTrue = candidates(dag, task, targets, `dag.if(${task.taskId}).then()`);
      return {
        ...end,
        else(...others) {
          decision.whenFalse = candidates(dag, task, others, `dag.if(${task.taskId}).else()`);
          return end;
        },
      };
    },
  };
}

export function makeSwitch<Value>(dag: DagDefinition, decider: TaskRef<Value>): SwitchBranch<Value> {
  const { task, path } = claimDecider(dag, decider, "switch");
  const decision: Decision & { kind: "switch" } = { kind: "switch", path, cases: [], otherwise: null };
  task.decision = decision;
  const where = `dag.switch(${task.taskId})`;
  const builder: SwitchBranch<Value> = {
    ...makeEnd(dag, () => [...decision.cases.flatMap((one) => one.targets), ...(decision.otherwise ?? [])]),
    case(first: unknown, ...targets: Linkable[]) {
      if (targets.length === 0) decision.cases.push({ targets: candidates(dag, task, [first as Linkable], `${where}.case()`) });
      else decision.cases.push({ value: caseValue(dag, task, first), targets: candidates(dag, task, targets, `${where}.case()`) });
      return builder;
    },
    default(...targets) {
      if (decision.otherwise !== null)
        throw definitionError(`${where} in DAG "${dag.dagId}" has two defaults. Give all targets to one: default(a, b).`, {
          dagId: dag.dagId,
          taskId: task.taskId,
        });
      decision.otherwise = candidates(dag, task, targets, `${where}.default()`);
      return builder;
    },
  };
  return builder;
}

function caseValue(dag: DagDefinition, task: PlacedTask, value: unknown): Json {
  try {
    assertJson(value);
    return value;
  } catch (cause) {
    throw definitionError(`A case of dag.switch(${task.taskId}) in DAG "${dag.dagId}" has a value that is not JSON: ${errorMessage(cause)}`, {
      dagId: dag.dagId,
      taskId: task.taskId,
      cause,
    });
  }
}

/** Makes a placed task the one that decides: its handler stays, its outcome becomes the list of children to follow. */
function claimDecider(dag: DagDefinition, ref: TaskRef<unknown>, verb: "if" | "switch"): { task: PlacedTask; path: string[] } {
  const { dag: owner, taskId, path } = ref[TASK_REF];
  assertSameDag(dag, owner, `task "${taskId}"`, `dag.${verb}()`);
  const task = dag.tasks.get(taskId)!;
  const problem =
    task.decision !== null
      ? `it decides a dag.${task.decision.kind}() already`
      : task.mapping !== null
        ? "it is mapped, so it has many results"
        : task.kind !== "task"
          ? `it is of kind "${task.kind}"`
          : null;
  if (problem !== null) {
    throw definitionError(
      `Task "${taskId}" in DAG "${dag.dagId}" can't decide dag.${verb}(): ${problem}. Put a task in between that takes its result and decides.`,
      { dagId: dag.dagId, taskId },
    );
  }
  task.kind = "branch";
  task.operator = "branch";
  return { task, path };
}

function candidates(dag: DagDefinition, task: PlacedTask, targets: readonly Linkable[], where: string): Node[] {
  const nodes = nodesOf(dag, targets, where);
  if (nodes.length === 0)
    throw definitionError(`${where} in DAG "${dag.dagId}" was given no tasks. Give it at least one placed task or group.`, {
      dagId: dag.dagId,
      taskId: task.taskId,
    });
  link(dag, [{ kind: "task", taskId: task.taskId }], nodes);
  return nodes;
}

function makeEnd(dag: DagDefinition, sides: () => Node[]): BranchEnd {
  return {
    join(...tasks) {
      link(dag, sides(), nodesOf(dag, tasks, "join()"));
      for (const ref of tasks) {
        const task = dag.tasks.get(ref[TASK_REF].taskId)!;
        task.options = { triggerRule: "none_failed_min_one_success", ...task.options };
      }
    },
  };
}

/** The ids in what a branch handler returned. */
export function chosenIds(choice: unknown): string[] {
  if (choice === null || choice === undefined) return [];
  if (Array.isArray(choice)) return choice.flatMap(chosenIds);
  if (typeof choice === "string") return [choice];
  if (isTaskRef(choice)) return [choice.taskId];
  if (isTaskGroup(choice)) return [choice[TASK_GROUP].groupId];
  return [show(choice)];
}
