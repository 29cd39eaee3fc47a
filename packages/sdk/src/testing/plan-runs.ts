import { allowsRunType, type DagRunType, type DagSpec, type DataInterval, type LastRun, makeRunId, manualInterval, nextRun } from "@tradewind/core";

/** A run that the timetable asks for. Give it to `run` to run it. */
export interface ScheduledRun {
  runId: string;
  runType: "scheduled";
  logicalDate: Date;
  dataInterval: DataInterval;
  /** When the scheduler makes it. */
  runAfter: Date;
}

/** Longer plans come from a mistake, such as a schedule of minutes over years. */
const MAX_RUNS = 10_000;

/**
 * The runs that a scheduler makes which looks at the DAG from one moment to another, whenever a run is due.
 * @param limit At most so many.
 */
export function planSchedule(spec: DagSpec, from: Date, to: Date | null, limit: number = MAX_RUNS): ScheduledRun[] {
  const planned: ScheduledRun[] = [];
  if (!allowsRunType(spec, "scheduled")) return planned;
  let lastRun: LastRun | null = null;
  let now = from;
  while (planned.length < limit) {
    const next = nextRun(spec.schedule, {
      lastRun,
      now,
      startDate: spec.startDate === null ? null : new Date(spec.startDate),
      endDate: spec.endDate === null ? null : new Date(spec.endDate),
      catchup: spec.catchup,
    });
    if (next === null || (to !== null && next.runAfter > to)) return planned;
    const { logicalDate, dataIntervalStart: start, dataIntervalEnd: end, runAfter } = next;
    planned.push({
      runId: makeRunId({ runType: "scheduled", runAfter, logicalDate, suffix: "" }),
      runType: "scheduled",
      logicalDate,
      dataInterval: { start, end },
      runAfter,
    });
    lastRun = { logicalDate, dataInterval: { start, end }, runAfter };
    if (runAfter > now) now = runAfter;
  }
  return planned;
}

/** The moment a test begins at, where it says nothing: always the same, and after the DAG's start. */
export function defaultNow(spec: DagSpec): Date {
  return new Date(spec.startDate ?? "2026-01-01T00:00:00.000Z");
}

/** What a run is that nobody says more about: one by hand, if the DAG may have such runs. */
export function defaultRunType(spec: DagSpec): DagRunType {
  return allowsRunType(spec, "manual") ? "manual" : spec.allowedRunTypes![0]!;
}

export function intervalOfManualRun(spec: DagSpec, logicalDate: Date | null): DataInterval | null {
  return logicalDate === null ? null : manualInterval(spec.schedule, logicalDate);
}
