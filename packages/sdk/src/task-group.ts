import type { Duration } from "@tradewind/core";
import type { DagDefinition } from "./definition.ts";
import { captureSite, checkGroupId, definitionError, show } from "./definition-error.ts";
import type { TaskOptions } from "./task-options.ts";

export interface TaskGroupOptions {
  /** Shown to people instead of the id. */
  displayName?: string;
  /** Shown when pointing at the group. */
  tooltip?: string;
  /** Whether the ids inside begin with the group's id and a dot. Default true. */
  prefixGroupId?: boolean;
  /** Options for all tasks inside that do not say otherwise. */
  defaultArgs?: TaskOptions;
  /**
   * How often the whole group is run again after it has ended with a failure, each task from its beginning; what comes after the group waits for the last try. The tasks' own `retries` (see
   * `defaultArgs`) come first. Default 0. Airflow has no such thing.
   */
  retries?: number;
  /** Time between the end of a failed try of the group and the next. Default: as that of tasks, `"5m"` unless the installation says otherwise. */
  retryDelay?: Duration;
}

type Callable = (...args: never[]) => unknown;

/** Adds a group to the DAG and gives its full id. */
export function defineGroup(dag: DagDefinition, parentId: string | null, localId: string, options: TaskGroupOptions, above: Callable): string {
  checkGroupId(localId, { dagId: dag.dagId });
  const parentPrefix = parentId === null ? "" : dag.groups.get(parentId)!.prefix;
  const groupId = parentPrefix + localId;
  const taken = dag.groups.has(groupId) ? "task group" : dag.tasks.has(groupId) ? "task" : null;
  if (taken !== null)
    throw definitionError(`DAG "${dag.dagId}" has a ${taken} "${groupId}" already. Give the task group another id.`, { dagId: dag.dagId, groupId });
  dag.groups.set(groupId, {
    groupId,
    parentId,
    prefix: (options.prefixGroupId ?? true) ? `${groupId}.` : parentPrefix,
    displayName: options.displayName ?? null,
    tooltip: options.tooltip ?? "",
    defaultArgs: options.defaultArgs ?? {},
    retries: readRetries(dag, groupId, options.retries),
    retryDelay: options.retryDelay,
    inputs: {},
    mapping: null,
    loop: null,
    site: captureSite(above),
  });
  return groupId;
}

function readRetries(dag: DagDefinition, groupId: string, retries: number = 0): number {
  if (Number.isSafeInteger(retries) && retries >= 0) return retries;
  throw definitionError(
    `Option "retries" of task group "${groupId}" in DAG "${dag.dagId}" is ${show(retries)}: it must be a whole number of 0 or more.`,
    {
      dagId: dag.dagId,
      groupId,
    },
  );
}

/** Runs a group's builder; what it places without naming a group lands in this one. */
export function insideGroup<T>(dag: DagDefinition, groupId: string, build: () => T): T {
  dag.openGroups.push(groupId);
  try {
    const result = build();
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw definitionError(
        `The builder of task group "${groupId}" in DAG "${dag.dagId}" is async. Tasks are placed while it runs, so it must be an ordinary function: drop the "async".`,
        { dagId: dag.dagId, groupId },
      );
    }
    return result;
  } finally {
    dag.openGroups.pop();
  }
}
