import type { NoInputs } from "../inputs.ts";
import { operator, type Operator } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";

/**
 * Does nothing: a place where edges meet. It succeeds without being run as soon as its trigger rule allows. Airflow's EmptyOperator.
 *
 * @example
 * const done = dag.add(empty("done", { triggerRule: "none_failed_min_one_success" }));
 * done.after(loadSmall, loadBig);
 */
export function empty(taskId: string, options: TaskOptions = {}): Operator<NoInputs, null> {
  return operator<NoInputs, null>(taskId, { operator: "empty", kind: "empty", handler: null, options });
}
