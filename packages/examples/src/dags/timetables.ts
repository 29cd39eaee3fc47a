/** The ways to say when a DAG runs. Each of these does nothing but tell its times. */
import { continuous, cron, Dag, events, every, getContext, once, type Schedule } from "tradewind";

const SCHEDULES: Record<string, Schedule> = {
  // Several lines, by the clock of a city: 09:00 stays 09:00 when clocks change.
  office_hours: cron(["0 9 * * MON-FRI", "30 17 * * MON-FRI"], { timezone: "Europe/Madrid" }),
  // A run for each whole day, made when the day is over.
  whole_days: cron("0 0 * * *", { dataInterval: true }),
  // At the tick, about the six hours before it.
  six_hours_back: cron("0 */6 * * *", { interval: "6h" }),
  every_ten_minutes: every("10m"),
  // Each run is about the ten minutes before it.
  ten_minutes_back: every("10m", { dataInterval: true }),
  // Without a start date: the last tick is made up for when the DAG is unpaused, where it is no older than six hours.
  first_run_at_once: cron("@daily", { runImmediately: "6h" }),
  one_time: once(),
  one_after_the_other: continuous(),
  on_match_days: events(["2027-06-11T19:00:00Z", "2027-06-12T16:00:00Z"], { description: "Two evenings in June" }),
};

export const dags = Object.entries(SCHEDULES).map(([name, schedule]) => {
  const dag = new Dag(`timetable_${name}`, {
    description: `Runs by the timetable "${name.replaceAll("_", " ")}"`,
    schedule,
    ...(name === "first_run_at_once" ? {} : { startDate: "2026-01-01" }),
    isPausedUponCreation: true,
    maxActiveRuns: 1,
    tags: ["example", "timetables"],
  });
  dag.task("tell_times", () => {
    const { run, dataInterval } = getContext();
    return { logicalDate: run.logicalDate?.toISOString() ?? null, from: dataInterval.start.toISOString(), to: dataInterval.end.toISOString() };
  })();
  return dag;
});
