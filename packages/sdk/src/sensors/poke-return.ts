// Known by a registered symbol, so that one made by another loaded copy of this package still means the same.
const POKE_RETURN: unique symbol = Symbol.for("tradewind.poke-return");

/**
 * The answer of a poke with a value for the tasks below. Airflow's PokeReturnValue.
 *
 * @example
 * dag.sensor("new_files", async () => {
 *   const files = await listNewFiles();
 *   return new PokeReturn(files.length > 0, files);
 * });
 */
export class PokeReturn<Result> {
  readonly [POKE_RETURN] = true;
  readonly isDone: boolean;
  /** The result (XCom) of the sensor. Only what comes with `isDone` counts. */
  readonly value: Result;

  constructor(isDone: boolean, value: Result) {
    this.isDone = isDone;
    this.value = value;
  }
}

export function isPokeReturn(value: unknown): value is PokeReturn<unknown> {
  return typeof value === "object" && value !== null && POKE_RETURN in value;
}
