import type { TaskGroupSpec, TaskSpec } from "../src/dag-spec.ts";
import { groupSpec as plainGroupSpec, taskSpec } from "../src/plain-spec.ts";

export { dagSpec, taskSpec } from "../src/plain-spec.ts";

export function groupSpec(groupId: string, parentId: string | null = null): TaskGroupSpec {
  return plainGroupSpec(groupId, { parentId });
}

/** Tasks from "id" or "id < upstream, upstream". */
export function tasks(...lines: string[]): TaskSpec[] {
  return lines.map((line) => {
    const [taskId = "", upstream = ""] = line.split("<").map((part) => part.trim());
    const ids = upstream.split(",").map((id) => id.trim());
    return taskSpec(taskId, { upstream: ids.filter((id) => id !== "").sort() });
  });
}
