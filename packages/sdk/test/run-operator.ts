import { type Json, validateDagSpec } from "@tradewind/core";
import { Dag, type Operator } from "../src/index.ts";
import { runTask, toSpec } from "../src/internal.ts";
import type { MemoryRuntime } from "./memory-runtime.ts";

/** Runs an operator as the task of a DAG, and gives its XCom. */
export async function runOperator(runtime: MemoryRuntime, operator: Operator<never, unknown>, inputs: Record<string, Json> = {}): Promise<unknown> {
  const dag = new Dag("d");
  const factory = dag.task(operator) as unknown as (inputs: object) => { taskId: string };
  const { taskId } = factory(inputs);
  validateDagSpec(toSpec(dag));
  runtime.context = { ...runtime.context, taskId };
  const { result } = await runTask(dag, taskId, { inputs, runtime });
  return result === undefined ? undefined : JSON.parse(result);
}
