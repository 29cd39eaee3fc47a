import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { addNewTasks } from "./add-new-tasks.ts";
import { clearTaskInstances } from "./clear-task-instances.ts";
import { deleteTaskInstance } from "./delete-task-instance.ts";
import { deleteDag, deleteDagRun } from "./delete.ts";
import { requestDagFile } from "./request-dag-file.ts";
import { createSchemaValidator } from "./schema-validator.ts";
import { setDagRunState } from "./set-dag-run-state.ts";
import { setNote } from "./set-note.ts";
import { setSchedulingState } from "./set-scheduling-state.ts";
import { setTaskInstanceState } from "./set-task-instance-state.ts";
import { triggerDagRun } from "./trigger-dag-run.ts";

/** What people ask for, by UI, API and command line. Each is one transaction (or, over many runs, a sequence of them), with its entry in the audit log, and wakes who has to go on with it. */
export function peopleUseCases(context: EngineContext): PeopleUseCases {
  const validate = createSchemaValidator();
  return {
    triggerDagRun: (options) => triggerDagRun(context, validate, options),
    addNewTasks: (options) => addNewTasks(context, options),
    clearTaskInstances: (options) => clearTaskInstances(context, options),
    setTaskInstanceState: (options) => setTaskInstanceState(context, options),
    setDagRunState: (options) => setDagRunState(context, options),
    setPaused: ({ isPaused, ...options }) => setSchedulingState(context, { ...options, state: isPaused ? "paused" : "active" }),
    setSchedulingState: (options) => setSchedulingState(context, options),
    deleteDagRun: (options) => deleteDagRun(context, options),
    deleteDag: (options) => deleteDag(context, options),
    deleteTaskInstance: (options) => deleteTaskInstance(context, options),
    requestDagFile: (options) => requestDagFile(context, options),
    setNote: (options) => setNote(context, options),
  };
}
