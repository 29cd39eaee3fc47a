/** Sensors that wait for a time: of the day, of the run, or a day of the week. All give their slot back between two looks. */
import { cron, Dag } from "tradewind";
import { dateTimeSensor, dayOfWeekSensor, type SensorOptions, timeSensor } from "tradewind/sensors";

export const dag = new Dag("waiting_for_time", {
  description: "Sensors for times of the day, points in time and days of the week",
  schedule: cron("0 4 * * *", { timezone: "Europe/Madrid" }),
  startDate: "2026-01-01",
  tags: ["example", "sensors"],
});

const patient: SensorOptions = { mode: "reschedule", pokeInterval: "1m", timeout: "1d" };

// Of the day on which it first looks, by the clocks of Madrid, in summer and in winter.
const opened = dag.add(timeSensor("shop_has_opened", { targetTime: "00:05", timezone: "Europe/Madrid", ...patient }));

// Two hours after the run's own time: what comes late is there by then, also when the run is an old one that is made up for.
const settled = dag.add(
  dateTimeSensor("late_data_is_in", {
    targetTime: ({ dataInterval }) => new Date(dataInterval.end.getTime() + 2 * 3_600_000),
    ...patient,
    // The distance grows with each look, up to a quarter of an hour.
    exponentialBackoff: true,
    maxWait: "15m",
  }),
);

// Skipped instead of failed when the day is another one.
const weekend = dag.add(
  dayOfWeekSensor("on_weekends", { weekDay: ["saturday", "sunday"], useTaskLogicalDate: true, timeout: "2s", pokeInterval: "1s", softFail: true }),
);

const open = dag.task("open", () => "the day begins");
const summary = dag.task("weekly_summary", () => "the week in one page");
open().after(opened, settled);
summary().after(weekend);
