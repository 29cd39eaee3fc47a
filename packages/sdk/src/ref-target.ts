import type { InputSpec } from "@tradewind/core";
import { type DagDefinition, RESULT_REF } from "./definition.ts";
import { definitionError } from "./definition-error.ts";

/** What a reference to a value stands for. */
export interface ResultRefTarget {
  dag: DagDefinition;
  input: InputSpec;
  /** The tasks it takes from: whatever takes the value runs after them. */
  upstream: string[];
}

/** The target of any kind of reference; undefined for anything else. */
export function resultTargetOf(value: unknown): ResultRefTarget | undefined {
  return typeof value === "object" && value !== null && RESULT_REF in value ? (value[RESULT_REF] as ResultRefTarget) : undefined;
}

export function assertSameDag(dag: DagDefinition, owner: DagDefinition, what: string, where: string): void {
  if (owner === dag) return;
  throw definitionError(
    `${where} in DAG "${dag.dagId}" was given ${what} of ${owner.dagId === dag.dagId ? "another DAG object with the same id" : `DAG "${owner.dagId}"`}. Edges stay inside one DAG; to start another DAG use triggerDagRun from "tradewind/operators".`,
    { dagId: dag.dagId },
  );
}
