import type { GridRun, GridTask, StructureGroup } from "../api/read-models.ts";

/** For tests: tasks, groups and runs that say only what the test is about. */
export function gridTask(taskId: string, groupId: string | null = null, fields: Partial<GridTask> = {}): GridTask {
  return {
    task_id: taskId,
    display_name: taskId,
    group_id: groupId,
    operator: "task",
    is_mapped: false,
    is_setup: false,
    is_teardown: false,
    is_removed: false,
    ...fields,
  };
}

export function gridGroup(groupId: string, parentId: string | null = null): StructureGroup {
  return { group_id: groupId, display_name: groupId, parent_id: parentId, tooltip: "", is_mapped: false, max_iterations: null, retries: 0 };
}

export function gridRun(runId: string, fields: Partial<GridRun> = {}): GridRun {
  return {
    dag_run_id: runId,
    run_type: "manual",
    state: "running",
    run_after: "2026-01-01T00:00:00Z",
    logical_date: null,
    start_date: null,
    end_date: null,
    dag_version: 1,
    has_note: false,
    states: "",
    many: [],
    ...fields,
  };
}
