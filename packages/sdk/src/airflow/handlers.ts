import { type Json, TradewindError } from "@tradewind/core";
import { taskScope } from "../context.ts";
import { type AnyHandler, type DagDefinition, DECISION_KEY, type Decision, type PlacedTask, TASK_REF } from "../definition.ts";
import { isTaskRef } from "../task-ref.ts";
import { withJinja } from "../templates/jinja-scope.ts";

/** The author's handler as Tradewind runs it: with what Airflow's SDK does after it has returned. */
export function airflowHandler(dag: DagDefinition, handler: AnyHandler, keepsResult: boolean): AnyHandler {
  return withJinja({ dag, options: null }, async (inputs: never) => {
    const returned = await handler(inputs);
    const { runtime } = taskScope("a task");
    const task = dag.tasks.get(runtime.context.taskId);
    if (task === undefined || task.decision === null) return keepsResult ? returned : undefined;
    assertCase(dag, task, task.decision, returned);
    // Other tasks may ask for it by getClient().getXCom(), which no edge tells.
    await runtime.setXCom(DECISION_KEY, decidedValue(returned));
    return returned;
  });
}

function decidedValue(returned: unknown): Json {
  const text = JSON.stringify(returned) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as Json);
}

/** Airflow's switch has no default: whatever is none of its cases is an error. */
function assertCase(dag: DagDefinition, task: PlacedTask, decision: Decision, returned: unknown): void {
  if (decision.kind !== "switch") return;
  const cases = decision.cases.flatMap((one) => one.targets.map((target) => (target.kind === "task" ? target.taskId : target.groupId)));
  if (isTaskRef(returned) && cases.includes(returned[TASK_REF].taskId)) return;
  const found = isTaskRef(returned) ? `"${returned[TASK_REF].taskId}"` : (JSON.stringify(returned) ?? String(returned));
  throw new TradewindError(
    "branch_invalid",
    `Task "${task.taskId}" in DAG "${dag.dagId}" decides a switch and chose ${found}, which is none of its cases: ${cases.join(", ")}. Return one of the tasks given to case().`,
    { details: { dagId: dag.dagId, taskId: task.taskId, cases } },
  );
}
