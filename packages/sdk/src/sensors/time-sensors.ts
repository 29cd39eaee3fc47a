import { type Duration, parseDuration, TradewindError } from "@tradewind/core";
import { taskNowMs } from "../context.ts";
import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import { checkTimezone, type Instant, readInstant } from "../instant.ts";
import { type Operator, renderTemplate, type Templated } from "../operator.ts";
import { makeSensor } from "./sensor.ts";
import type { SensorOptions } from "./sensor-options.ts";

export interface TimeSensorOptions extends SensorOptions {
  /** A time of the day, `"14:30"` or `"14:30:00"`. */
  targetTime: string;
  /** Whose clock shows it. Default `"UTC"`. */
  timezone?: string;
}

/**
 * Waits until a time of the day: of the day on which it first pokes. When that is over already, it goes on at once. Airflow's TimeSensor.
 *
 * @example
 * dag.add(timeSensor("after_closing", { targetTime: "22:15", timezone: "Europe/Madrid", mode: "reschedule" }));
 */
export function timeSensor(taskId: string, options: TimeSensorOptions): Operator<NoInputs, null> {
  const { targetTime, timezone = "UTC", ...rest } = options;
  checkTimezone(timezone, `sensor "${taskId}"`);
  if (!/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(targetTime)) {
    throw definitionError(`Option "targetTime" of sensor "${taskId}" is "${targetTime}": it must be a time of the day such as "14:30".`, { taskId });
  }
  return makeSensor(taskId, "time_sensor", rest, (context) => {
    const firstMs = context.attempt.firstStartedAt?.getTime() ?? taskNowMs();
    const target = readInstant(`${localDay(firstMs, timezone)}T${targetTime}`, timezone, "target time");
    context.log.info(`Waiting until ${target}`);
    return taskNowMs() >= Date.parse(target);
  });
}

/** The day that the zone's calendars show, as `2026-01-31`. */
function localDay(epochMs: number, timezone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" }).format(epochMs);
}

export interface DateTimeSensorOptions<Inputs = NoInputs> extends SensorOptions {
  /** A point in time; one without an offset is in UTC. */
  targetTime: Templated<Instant, Inputs>;
}

/**
 * Waits until a point in time. Airflow's DateTimeSensor.
 *
 * @example
 * dag.add(dateTimeSensor("two_hours_later", { targetTime: ({ dataInterval }) => new Date(dataInterval.end.getTime() + 7_200_000) }));
 */
export function dateTimeSensor<Inputs = NoInputs>(taskId: string, options: DateTimeSensorOptions<Inputs>): Operator<Inputs, null> {
  const { targetTime, ...rest } = options;
  return makeSensor(taskId, "date_time_sensor", rest, async (context) => {
    const target = readInstant(await renderTemplate(targetTime, context, "targetTime"), "UTC", `targetTime of sensor "${context.task.taskId}"`);
    context.log.info(`Waiting until ${target}`);
    return taskNowMs() >= Date.parse(target);
  });
}

export interface TimeDeltaSensorOptions extends SensorOptions {
  /** Counted from the end of the run's data interval; of a run without one, from the time it was to start. */
  delta: Duration;
}

/**
 * Waits for some time after the run's data interval has ended. Airflow's TimeDeltaSensor.
 *
 * @example
 * dag.add(timeDeltaSensor("let_late_data_in", { delta: "45m", mode: "reschedule" }));
 */
export function timeDeltaSensor(taskId: string, options: TimeDeltaSensorOptions): Operator<NoInputs, null> {
  const { delta, ...rest } = options;
  const deltaMs = parseDuration(delta, `delta of sensor "${taskId}"`);
  return makeSensor(taskId, "time_delta_sensor", rest, ({ dataInterval, log }) => {
    const targetMs = dataInterval.end.getTime() + deltaMs;
    log.info(`Waiting until ${new Date(targetMs).toISOString()}`);
    return taskNowMs() >= targetMs;
  });
}

const WEEK_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export type WeekDay = (typeof WEEK_DAYS)[number];

export interface DayOfWeekSensorOptions extends SensorOptions {
  /** One day, or several. */
  weekDay: WeekDay | readonly WeekDay[];
  /** Look at the run's logical date instead of today. Default false. */
  useTaskLogicalDate?: boolean;
  /** Whose calendar shows the day. Default `"UTC"`. */
  timezone?: string;
}

/**
 * Waits until it is one of these days of the week. Airflow's DayOfWeekSensor.
 *
 * @example
 * dag.add(dayOfWeekSensor("on_weekends", { weekDay: ["saturday", "sunday"], mode: "reschedule", pokeInterval: "1h" }));
 */
export function dayOfWeekSensor(taskId: string, options: DayOfWeekSensorOptions): Operator<NoInputs, null> {
  const { weekDay, useTaskLogicalDate = false, timezone = "UTC", ...rest } = options;
  checkTimezone(timezone, `sensor "${taskId}"`);
  const days: readonly string[] = [weekDay].flat();
  const unknown = days.find((day) => !(WEEK_DAYS as readonly string[]).includes(day));
  if (unknown !== undefined || days.length === 0) {
    throw definitionError(`Option "weekDay" of sensor "${taskId}" is ${JSON.stringify(weekDay)}: name one or more of ${WEEK_DAYS.join(", ")}.`, {
      taskId,
    });
  }
  return makeSensor(taskId, "day_of_week_sensor", rest, ({ logicalDate, task }) => {
    if (!useTaskLogicalDate) return days.includes(dayOf(taskNowMs(), timezone));
    if (logicalDate !== null) return days.includes(dayOf(logicalDate.getTime(), timezone));
    throw new TradewindError(
      "task_failed",
      `Sensor "${task.taskId}" looks at the run's logical date, and this run has none. Trigger it with a logical date, or set useTaskLogicalDate to false.`,
    );
  });
}

function dayOf(epochMs: number, timezone: string): string {
  return new Intl.DateTimeFormat("en-US", { timeZone: timezone, weekday: "long" }).format(epochMs).toLowerCase();
}
