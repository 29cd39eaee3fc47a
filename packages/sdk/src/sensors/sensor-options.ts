import { type Duration, parseDuration, type SensorSpec } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";
import type { TaskOptions } from "../task-options.ts";

/** How a sensor waits. Names and defaults are those of Airflow's BaseSensorOperator. */
export interface SensorOptions extends TaskOptions {
  /**
   * `"poke"` (default): waits in its process and holds its slots. `"reschedule"`: ends between two pokes and holds nothing; for waits that are long and intervals of a minute or more. The
   * timeout and the number of retries are the same in both.
   */
  mode?: "poke" | "reschedule";
  /** Time between two pokes. Default `"60s"`. */
  pokeInterval?: Duration;
  /** How long to wait in all, from the first poke on, over reschedules and retries. Then the task fails, and is not tried again. Default `"7d"`. */
  timeout?: Duration;
  /** A timeout, or a `FailTask` of the poke, skips the task instead of failing it. Default false. */
  softFail?: boolean;
  /** Any error skips the task. Default false. */
  neverFail?: boolean;
  /** An error of a poke is logged, and counts as "not yet". Default false. */
  silentFail?: boolean;
  /** The interval doubles with each poke, with jitter. Default false. */
  exponentialBackoff?: boolean;
  /** The longest interval, with `exponentialBackoff`. Default: none. */
  maxWait?: Duration;
}

/** The options as numbers, checked. */
export interface SensorSettings extends SensorSpec {
  neverFail: boolean;
  silentFail: boolean;
  exponentialBackoff: boolean;
  maxWaitMs: number | null;
}

const DEFAULT_POKE_INTERVAL = "60s";
const DEFAULT_TIMEOUT = "7d";

/** Takes what is about waiting from the options of a sensor; the rest are those of a task. */
export function readSensorOptions<O extends SensorOptions>(taskId: string, options: O): { settings: SensorSettings; rest: Omit<O, SensorOnly> } {
  const { mode, pokeInterval, timeout, softFail, neverFail, silentFail, exponentialBackoff, maxWait, ...rest } = options;
  const wrong = (name: string, problem: string) => definitionError(`Option "${name}" of sensor "${taskId}" ${problem}`, { taskId });
  if (mode !== undefined && mode !== "poke" && mode !== "reschedule")
    throw wrong("mode", `is ${JSON.stringify(mode)}: it must be "poke" or "reschedule".`);
  for (const [name, value] of Object.entries({ softFail, neverFail, silentFail, exponentialBackoff })) {
    if (value !== undefined && typeof value !== "boolean") throw wrong(name, `is ${JSON.stringify(value)}: it must be true or false.`);
  }
  if (softFail && neverFail) throw wrong("neverFail", "includes softFail: give one of them.");
  const duration = (name: string, value: Duration) => {
    const ms = parseDuration(value, `${name} of sensor "${taskId}"`);
    if (ms === 0) throw wrong(name, 'is zero. Give it a positive duration such as "30s".');
    return ms;
  };
  const settings: SensorSettings = {
    mode: mode ?? "poke",
    pokeIntervalMs: duration("pokeInterval", pokeInterval ?? DEFAULT_POKE_INTERVAL),
    timeoutMs: duration("timeout", timeout ?? DEFAULT_TIMEOUT),
    softFail: softFail ?? false,
    neverFail: neverFail ?? false,
    silentFail: silentFail ?? false,
    exponentialBackoff: exponentialBackoff ?? false,
    maxWaitMs: maxWait === undefined ? null : duration("maxWait", maxWait),
  };
  return { settings, rest };
}

type SensorOnly = "mode" | "pokeInterval" | "timeout" | "softFail" | "neverFail" | "silentFail" | "exponentialBackoff" | "maxWait";

/** What of it the DAG spec holds. */
export function sensorSpec({ mode, pokeIntervalMs, timeoutMs, softFail }: SensorSettings): SensorSpec {
  return { mode, pokeIntervalMs, timeoutMs, softFail };
}
