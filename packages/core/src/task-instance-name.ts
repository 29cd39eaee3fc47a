import { UNMAPPED } from "./mapping.ts";

export interface TaskInstanceName {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** A task instance in messages and logs: `task "load" [3] of run "manual__1" of DAG "sales"`. */
export function describeTaskInstance({ dagId, runId, taskId, mapIndex }: TaskInstanceName): string {
  return `task ${describeTask(taskId, mapIndex)} of run "${runId}" of DAG "${dagId}"`;
}

/** `"load"`, and of a mapped one `"load" [3]`. */
export function describeTask(taskId: string, mapIndex: number): string {
  return mapIndex === UNMAPPED ? `"${taskId}"` : `"${taskId}" [${mapIndex}]`;
}
