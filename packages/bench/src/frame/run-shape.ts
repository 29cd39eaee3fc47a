import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "@tradewind/core";
import { ratios } from "../measure/figures.ts";
import { type MachineSpeed, measureMachineSpeed } from "../measure/machine-speed.ts";
import { round } from "../measure/statistics.ts";
import { startAirflow } from "../systems/airflow.ts";
import type { AirflowEnvironment } from "../systems/airflow-environment.ts";
import type { AirflowTuning } from "../systems/airflow-settings.ts";
import { closeAllResources } from "../systems/open-resources.ts";
import type { System, SystemKind } from "../systems/system.ts";
import { startTradewind } from "../systems/tradewind.ts";
import type { Bench, Measured, Shape, Size } from "./shape.ts";

export interface Half extends Partial<Measured> {
  seconds: number;
  /** Why there are no figures. */
  error?: string;
}

export interface ShapeResult {
  name: string;
  what: string;
  goal: string;
  limits: string;
  size: Size;
  /** Just before the first half. */
  machineSpeed?: MachineSpeed;
  tradewind?: Half;
  airflow?: Half;
  /** How many times better Tradewind is, by figure. */
  ratio?: Record<string, number>;
}

export interface RunOptions {
  readonly size: Size;
  readonly systems: readonly SystemKind[];
  readonly airflow?: { environment: AirflowEnvironment; tuning: AirflowTuning };
  readonly say: (text: string) => void;
  /** Called after each half, so that an abort loses little. */
  onHalf(result: ShapeResult): Promise<void>;
}

/** Runs a shape on each system in turn, never on two at once. A half that fails or takes too long is told as such; the next one begins. */
export async function runShape(shape: Shape, options: RunOptions): Promise<ShapeResult> {
  const { name, what, goal, limits } = shape;
  const result: ShapeResult = { name, what, goal, limits, size: options.size, machineSpeed: await measureMachineSpeed() };
  for (const kind of options.systems) {
    if (kind === "airflow" && (shape.onlyTradewind || options.airflow === undefined)) continue;
    result[kind] = await runHalf(shape, kind, options);
    const [ours, peers] = [result.tradewind?.figures, result.airflow?.figures];
    if (ours && peers) result.ratio = ratios(ours, peers);
    await options.onHalf(result);
  }
  return result;
}

async function runHalf(shape: Shape, kind: SystemKind, options: RunOptions): Promise<Half> {
  const startedAt = performance.now();
  const seconds = (): number => round((performance.now() - startedAt) / 1000);
  const givenUp = new AbortController();
  const bench = makeBench(shape, kind, options, givenUp.signal);
  const limit = new AbortController();
  try {
    const tooLong = sleep(shape.timeLimitMinutes * 60_000, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`not finished after ${shape.timeLimitMinutes} minutes, and given up`);
    });
    const measured = await Promise.race([shape.run(bench), tooLong]);
    return { seconds: seconds(), ...measured };
  } catch (error) {
    options.say(`${kind}: ${errorMessage(error)}`);
    return { seconds: seconds(), error: errorMessage(error) };
  } finally {
    limit.abort();
    givenUp.abort(new Error(`${shape.name} has ended`));
    await closeAllResources();
  }
}

/** @param givenUp what was started after that is stopped at once: a shape that is given up goes on until its next request. */
function makeBench(shape: Shape, kind: SystemKind, { size, airflow, say }: RunOptions, givenUp: AbortSignal): Bench {
  const told = (text: string): void => say(`${shape.name}, ${kind}: ${text}`);
  const started = async <S extends System>(start: () => Promise<S>): Promise<S> => {
    givenUp.throwIfAborted();
    told("starting …");
    const system = await start();
    if (givenUp.aborted) await system.close();
    givenUp.throwIfAborted();
    told(`started in ${round(system.startSeconds)} s`);
    return system;
  };
  return {
    kind,
    pick: (sizes) => sizes[size][kind],
    start: (setup) =>
      started<System>(() => (kind === "tradewind" ? startTradewind(setup) : startAirflow(airflow!.environment, airflow!.tuning, setup))),
    startTradewind: (setup) => started(() => startTradewind(setup)),
    say: told,
  };
}
