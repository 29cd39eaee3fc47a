import { AsyncLocalStorage } from "node:async_hooks";
import { type AnyHandler, type DagDefinition, DECISION_KEY } from "../definition.ts";

/**
 * Set around the handlers of DAGs whose files are not Tradewind's own: those written for Airflow's TypeScript SDK and YAML DAGs. Inside it the string options of operators are
 * templates in Jinja's syntax; everywhere else a string is a string, and a template is a function.
 */
export interface JinjaScope {
  dag: DagDefinition;
  /** What the author wrote for the operator, by option: an error looks up there which option its template stands in. Null: not known. */
  options: Readonly<Record<string, unknown>> | null;
}

// One storage for all loaded copies of this package, as for the task's scope.
const STORAGE = Symbol.for("tradewind.jinja-scope");
type Holder = { [STORAGE]?: AsyncLocalStorage<JinjaScope> };
const storage: AsyncLocalStorage<JinjaScope> = ((globalThis as Holder)[STORAGE] ??= new AsyncLocalStorage<JinjaScope>());

/** The same handler, run inside the scope. */
export function withJinja<Handler extends AnyHandler | null>(scope: JinjaScope, handler: Handler): Handler {
  if (handler === null) return handler;
  const inside = (inputs: never) => storage.run(scope, () => handler(inputs));
  return inside as unknown as Handler;
}

export function currentJinjaScope(): JinjaScope | undefined {
  return storage.getStore();
}

/** Where an XCom is kept: what a task that decides a branch returned stands beside its `return_value`, which is the list of tasks to follow. */
export function keptUnder(key: string, taskId: string, dagId: string): string {
  const dag = currentJinjaScope()?.dag;
  const decides = dag !== undefined && dag.dagId === dagId && (dag.tasks.get(taskId)?.decision ?? null) !== null;
  return key === "return_value" && decides ? DECISION_KEY : key;
}
