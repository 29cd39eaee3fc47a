/**
 * `apache-airflow-ts-sdk/hitl`: tasks that ask a person. Tradewind has none, so a DAG that uses one does not load, and says why.
 */
import { definitionError } from "../definition-error.ts";
import type { Operator } from "../operator.ts";

/** A person who may answer. */
export interface HITLUser {
  readonly id: string;
  readonly name: string;
}

/** What a task that asks a person gives. */
export interface HITLResult {
  readonly chosen_options: string[];
  readonly params_input: Record<string, unknown>;
  readonly responded_at: string;
  readonly responded_by_user: HITLUser | null;
  readonly timedout: boolean;
}

/** @throws TradewindError `invalid_dag`, always */
export function hitl(_spec: object): Operator<object, HITLResult> {
  throw unknown("hitl");
}

/** @throws TradewindError `invalid_dag`, always */
export function approval(_spec: object): Operator<object, HITLResult> {
  throw unknown("approval");
}

function unknown(name: string): Error {
  return definitionError(
    `${name}() makes a task that asks a person, which Tradewind does not have. Let a sensor wait for the answer (a variable, a file, an HTTP endpoint), or leave the task in Airflow.`,
    {},
  );
}
