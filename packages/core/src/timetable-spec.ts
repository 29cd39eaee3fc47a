/**
 * When a DAG runs, as plain JSON. Each kind follows the Airflow timetable of the same meaning.
 * `timezone` is an IANA name. Cron lines are croniter's dialect: five fields, names, `L`, `#`, presets `@hourly` … `@yearly`.
 */
export type TimetableSpec =
  /** Never by itself. */
  | { kind: "none" }
  /** One run at the start date, or at once. */
  | { kind: "once" }
  /** The next run starts when the last one ended; at most one at a time. */
  | { kind: "continuous" }
  /** As Airflow's CronTriggerTimetable / MultipleCronTriggerTimetable (more than one line): the run fires at the tick; interval = [tick - intervalMs, tick]. */
  | { kind: "cron_trigger"; crons: string[]; timezone: string; intervalMs: number; runImmediately: boolean | number | null }
  /** As CronDataIntervalTimetable: a run for [a, b) is created at b. */
  | { kind: "cron_data_interval"; cron: string; timezone: string; runImmediately: boolean | number | null }
  /** As DeltaTriggerTimetable. */
  | { kind: "delta_trigger"; everyMs: number; intervalMs: number }
  /** As DeltaDataIntervalTimetable. */
  | { kind: "delta_data_interval"; everyMs: number }
  /** As EventsTimetable: an explicit list of instants (ISO 8601, UTC), sorted. */
  | { kind: "events"; events: string[]; restrictToEvents: boolean; description: string | null };
