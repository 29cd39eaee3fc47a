import { operator, type Operator, type TemplateContext, templateContext } from "../operator.ts";
import type { NoInputs } from "../inputs.ts";
import type { PokeReturn } from "./poke-return.ts";
import { readSensorOptions, type SensorOptions, sensorSpec } from "./sensor-options.ts";
import { type PokeAnswer, waitFor } from "./wait-for.ts";

export type { SensorOptions } from "./sensor-options.ts";
export type { PokeAnswer } from "./wait-for.ts";

/** What a sensor results in, by what its poke answers: the value of the `PokeReturn` it ended with, or nothing. */
export type SensorResult<Answer> = NullIfNone<
  Awaited<Answer> extends infer Known ? (Known extends PokeReturn<infer Result> ? Result : never) : never
>;

type NullIfNone<Result> = [Result] extends [never] ? null : Result;

/**
 * Waits until a function says yes. It gets the task's named inputs, and is called again and again; what it throws fails the try, as in any task. Airflow's PythonSensor and
 * `@task.sensor`; `dag.sensor` is the same for a function in the DAG file.
 *
 * @param poke True (or a `PokeReturn` that is done): go on.
 * @example
 * dag.add(sensor("stock_is_low", async () => (await countStock()) < 10, { mode: "reschedule", pokeInterval: "5m", timeout: "12h" }));
 */
export function sensor<Inputs = NoInputs, Answer extends PokeAnswer<unknown> | Promise<PokeAnswer<unknown>> = boolean>(
  taskId: string,
  poke: (inputs: Inputs) => Answer,
  options: SensorOptions = {},
): Operator<Inputs, SensorResult<Answer>> {
  return makeSensor<Inputs, SensorResult<Answer>>(taskId, "sensor", options, (context) => poke(context.inputs) as never);
}

/**
 * A sensor of one's own, as an operator with a name. All sensors of this package are made by it.
 *
 * @param poke Gets the context with the inputs, so that options may be functions of it.
 */
export function makeSensor<Inputs, Result>(
  taskId: string,
  name: string,
  options: SensorOptions,
  poke: (context: TemplateContext<Inputs>) => PokeAnswer<Result> | Promise<PokeAnswer<Result>>,
): Operator<Inputs, Result> {
  const { settings, rest } = readSensorOptions(taskId, options);
  return operator<Inputs, Result>(taskId, {
    operator: name,
    sensor: sensorSpec(settings),
    options: rest,
    handler: async (inputs) => {
      const context = templateContext(inputs);
      return (await waitFor(() => poke(context), settings, context)) as Result;
    },
  });
}
