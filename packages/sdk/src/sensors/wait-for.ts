import { errorMessage, formatDuration } from "@tradewind/core";
import { type TaskContext, taskNowMs, taskSleep } from "../context.ts";
import { classifyError, FailTask, RescheduleTask, SkipTask } from "../errors.ts";
import { nextPokeAfterMs } from "./poke-interval.ts";
import { isPokeReturn, type PokeReturn } from "./poke-return.ts";
import type { SensorSettings } from "./sensor-options.ts";

/** What a poke says: whether it is time to go on. */
export type PokeAnswer<Result> = boolean | null | undefined | PokeReturn<Result>;

/**
 * Pokes until the answer is yes, and gives its value. In mode `reschedule` there is one poke per attempt, and "not yet" ends the attempt.
 *
 * Airflow's order is kept: a poke comes before a look at the timeout, so that a sensor with the shortest timeout still pokes once.
 */
export async function waitFor<Result>(
  poke: () => PokeAnswer<Result> | Promise<PokeAnswer<Result>>,
  settings: SensorSettings,
  context: TaskContext,
): Promise<Result | undefined> {
  const firstMs = context.attempt.firstStartedAt?.getTime() ?? taskNowMs();
  for (let pokeCount = context.attempt.rescheduleCount + 1; ; pokeCount++) {
    const answer = await pokeOnce(poke, settings, context);
    if (isPokeReturn(answer) ? answer.isDone : answer) {
      context.log.info(`Poke ${pokeCount}: yes`);
      return isPokeReturn(answer) ? answer.value : undefined;
    }
    const remainingMs = settings.timeoutMs - (taskNowMs() - firstMs);
    if (remainingMs <= 0) throw timedOut(settings, context, firstMs, pokeCount);
    const { dag, task } = context;
    const waitMs = nextPokeAfterMs(settings, {
      dagId: dag.dagId,
      taskId: task.taskId,
      firstStartedAt: new Date(firstMs).toISOString(),
      pokeCount,
      remainingMs,
    });
    context.log.info(`Poke ${pokeCount}: not yet. The next one follows in ${formatDuration(waitMs)}`);
    context.progress({ message: `waiting since ${new Date(firstMs).toISOString()}, ${pokeCount} pokes` });
    if (settings.mode === "reschedule") throw new RescheduleTask({ after: waitMs, message: `poke ${pokeCount}: not yet` });
    await taskSleep(waitMs);
    context.signal.throwIfAborted();
  }
}

async function pokeOnce<Result>(
  poke: () => PokeAnswer<Result> | Promise<PokeAnswer<Result>>,
  settings: SensorSettings,
  context: TaskContext,
): Promise<PokeAnswer<Result>> {
  try {
    return await poke();
  } catch (error) {
    // Whoever stopped the task wants it stopped.
    context.signal.throwIfAborted();
    const { kind } = classifyError(error);
    if (kind === "skip" || kind === "reschedule") throw error;
    const why = errorMessage(error);
    if (settings.softFail && kind === "fail") throw new SkipTask(`the sensor failed, and softFail turns that into a skip: ${why}`);
    if (settings.silentFail && kind !== "fail") {
      context.log.error({ error }, `A poke failed, and counts as "not yet" because of silentFail: ${why}`);
      return false;
    }
    if (settings.neverFail) throw new SkipTask(`the sensor failed, and neverFail turns that into a skip: ${why}`);
    throw error;
  }
}

/** Never tried again: the time to wait is over for all tries together. Airflow's AirflowSensorTimeout. */
class SensorTimeout extends FailTask {
  constructor(why: string) {
    super(why);
    this.name = "SensorTimeout";
  }
}

function timedOut(settings: SensorSettings, { task }: TaskContext, firstMs: number, pokeCount: number): Error {
  const message = `Sensor "${task.taskId}" has waited since ${new Date(firstMs).toISOString()}, longer than its timeout of ${formatDuration(settings.timeoutMs)}, and poke ${pokeCount} still said "not yet"`;
  if (settings.softFail || settings.neverFail)
    return new SkipTask(`${message}; ${settings.softFail ? "softFail" : "neverFail"} turns that into a skip.`);
  return new SensorTimeout(`${message}. Look at what it waits for, or set a longer timeout.`);
}
