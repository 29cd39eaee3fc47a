import { z } from "zod";
import { OPERATOR } from "../definition.ts";
import type { Operator } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";
import type { TaskOptionValues } from "./task-fields.ts";
import { taskFields } from "./task-fields.ts";

/** One value of `operator` in YAML: its options, and the operator they make. */
export interface OperatorKind {
  name: string;
  schema: z.ZodObject;
  /** @param options the operator's own, and those of the task */
  make(taskId: string, options: Record<string, unknown>): Operator<never, unknown>;
  /** Names of its own options. */
  ownOptions: readonly string[];
}

/** Options of a task that are the same in YAML and in TypeScript; notifiers are functions by then. */
type TaskValues = Omit<TaskOptionValues, "onExecute" | "onSuccess" | "onFailure" | "onRetry" | "onSkipped"> & TaskOptions;

/**
 * @param fields What the operator itself takes. They go to `make` as they are, so their types must be those of the operator's own options.
 */
export function operatorKind<Fields extends z.core.$ZodLooseShape>(
  name: string,
  description: string,
  fields: Fields,
  make: (taskId: string, options: z.infer<z.ZodObject<Fields>> & TaskValues) => Operator<never, unknown>,
): OperatorKind {
  return {
    name,
    schema: z.strictObject({ operator: z.literal(name).describe(description), ...fields, ...taskFields }).describe(description),
    make,
    ownOptions: Object.keys(fields),
  };
}

/** The same operator; what it skips is only what is directly below it, and trigger rules decide about the rest. */
export function withDownstreamRules(operator: Operator<never, unknown>, respectDownstreamRules: boolean): Operator<never, unknown> {
  return { [OPERATOR]: { ...operator[OPERATOR], respectDownstreamRules } };
}
