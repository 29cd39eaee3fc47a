import type { TaskSpec } from "@tradewind/core";
import { task } from "./fixture.ts";

/** Tasks from "id" or "id < upstream, upstream", each with further fields by its id. */
export function tasksOf(lines: readonly string[], fields: Record<string, Partial<TaskSpec>> = {}): TaskSpec[] {
  return lines.map((line) => {
    const [taskId = "", upstream = ""] = line.split("<").map((part) => part.trim());
    const ids = upstream
      .split(",")
      .map((id) => id.trim())
      .filter((id) => id !== "");
    return task(taskId, { upstream: ids, ...fields[taskId] });
  });
}
