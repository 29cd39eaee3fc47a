import type { SensorSpec, TaskKind } from "@tradewind/core";
import { type AnyHandler, OPERATOR } from "./definition.ts";
import type { TaskOptions } from "./task-options.ts";
import type { TaskContext } from "./context.ts";
import { contextOf, taskScope } from "./context.ts";
import { currentJinjaScope } from "./templates/jinja-scope.ts";

declare const TYPES: unique symbol;

/**
 * A ready-made task that is not part of a DAG yet; made by `bash`, `http`, `sql` and their like in `tradewind/operators`, or by `operator`. It joins a DAG
 * by `dag.task(operator)`, which gives a task factory, or `dag.add(operator, inputs?)`, which also places it.
 */
export interface Operator<Arguments, Result> {
  readonly [OPERATOR]: OperatorDefinition;
  readonly [TYPES]?: (inputs: Arguments) => Result;
}

export interface OperatorDefinition {
  taskId: string;
  operator: string;
  kind: TaskKind;
  handler: AnyHandler | null;
  options: TaskOptions;
  /** Of a sensor: how it waits. The handler does the waiting; this tells the control plane and people. */
  sensor: SensorSpec | null;
  /** Of a short circuit: whether it skips only what is directly below it. Default false. */
  respectDownstreamRules?: boolean;
}

/** The context as the templates of an operator see it: with the inputs the task was called with. */
export type TemplateContext<Inputs = Record<string, never>> = TaskContext & { inputs: Inputs };

/** An option of an operator that may depend on the run: a constant, or a function of the context. It takes the place of Airflow's Jinja templates. */
export type Templated<T, Inputs> = T | ((context: TemplateContext<Inputs>) => T | Promise<T>);

/**
 * Makes an operator of one's own, to be shared between DAGs.
 *
 * @param definition.operator Its name, for people, filters and metrics.
 * @param definition.handler Gets the named inputs, as a task's handler does.
 * @param definition.sensor Of a task that waits for something: how it waits. Its handler throws `RescheduleTask` in mode `reschedule`.
 * @example
 * export const slack = (id: string, { channel, ...options }: TaskOptions & { channel: string }) =>
 *   operator(id, { operator: "slack", handler: async ({ text }: { text: string }) => post(channel, text), options });
 * dag.add(slack("announce", { channel: "#sales" }), { text: report() });
 */
export function operator<Arguments, Result>(
  taskId: string,
  definition: {
    operator: string;
    handler: ((inputs: Arguments) => Result | Promise<Result>) | null;
    options?: TaskOptions;
    kind?: TaskKind;
    sensor?: SensorSpec | null;
  },
): Operator<Arguments, Result> {
  const { operator: name, kind = "task", handler, options = {}, sensor = null } = definition;
  return { [OPERATOR]: { taskId, operator: name, kind, handler: handler, options, sensor } };
}

export function isOperator(value: unknown): value is Operator<unknown, unknown> {
  return typeof value === "object" && value !== null && OPERATOR in value;
}

/** The context for the templates of an operator whose handler is running. */
export function templateContext<Inputs>(inputs: Inputs | undefined): TemplateContext<Inputs> {
  return { ...contextOf(taskScope("an operator")), inputs: inputs ?? ({} as Inputs) };
}

/**
 * The value of an option: as it is, or what its function gives for this run. In files for Airflow's SDK and in YAML the texts in it are templates in Jinja's syntax, and are
 * rendered.
 *
 * @param name Of the option: people see what came out under it, with the task instance (Airflow's rendered fields). Without it they do not.
 * @throws TradewindError `invalid_template`
 */
export async function renderTemplate<T, Inputs>(option: Templated<T, Inputs>, context: TemplateContext<Inputs>, name?: string): Promise<T> {
  const scope = currentJinjaScope();
  if (typeof option !== "function" && scope === undefined) return option;
  const value = await render(option, context);
  if (name !== undefined) taskScope("a template").runtime.noteRendered?.(name, value);
  return value;
}

async function render<T, Inputs>(option: Templated<T, Inputs>, context: TemplateContext<Inputs>): Promise<T> {
  if (typeof option === "function") return await (option as (context: TemplateContext<Inputs>) => T | Promise<T>)(context);
  const { renderOption } = await import("./templates/render-option.ts");
  return renderOption(currentJinjaScope()!, option, context);
}
