import { TradewindError } from "@tradewind/core";
import type { DagDefinition, PlacedTask } from "./definition.ts";
import type { DagInfo } from "./runtime.ts";
import { mergeTaskOptions, type TaskOptions } from "./task-options.ts";

/** The options of a task with those of its DAG and its groups; the nearest wins. */
export function optionsOf(definition: DagDefinition, task: PlacedTask): TaskOptions {
  return mergeTaskOptions(definition.options.defaultArgs ?? {}, ...groupArgs(definition, task.groupId), task.options);
}

/** Outermost first, so that the nearest group wins. */
function groupArgs(definition: DagDefinition, groupId: string | null): TaskOptions[] {
  if (groupId === null) return [];
  const group = definition.groups.get(groupId)!;
  return [...groupArgs(definition, group.parentId), group.defaultArgs];
}

/** @throws TradewindError `task_not_found` */
export function placedTaskOf(definition: DagDefinition, taskId: string): PlacedTask {
  const task = definition.tasks.get(taskId);
  if (task) return task;
  const known = [...definition.tasks.keys()];
  throw new TradewindError(
    "task_not_found",
    `DAG "${definition.dagId}" has no task "${taskId}". It has ${known.length === 0 ? "none" : known.slice(0, 20).join(", ")}${known.length > 20 ? " …" : ""}. Task ids must not depend on the time or on chance when the file is loaded.`,
    { details: { dagId: definition.dagId, taskId } },
  );
}

export function dagInfoOf({ dagId, options }: DagDefinition, version: number): DagInfo {
  return { dagId, description: options.description ?? null, tags: [...(options.tags ?? [])], owner: options.owner ?? "tradewind", version };
}
