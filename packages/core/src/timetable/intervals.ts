/** From `start` (in) to `end` (out). Both are the same instant for timetables whose runs stand for a moment and not for a period. */
export interface DataInterval {
  start: Date;
  end: Date;
}

/** The run a timetable asks for next. */
export interface NextRun {
  /** Names the run: the start of its data interval. */
  logicalDate: Date;
  dataIntervalStart: Date;
  dataIntervalEnd: Date;
  /** The run may not be created earlier. */
  runAfter: Date;
}

/** The last run that the timetable itself asked for (scheduled, or by a backfill; never a manual one). */
export interface LastRun {
  logicalDate?: Date | null;
  dataInterval: DataInterval;
  runAfter?: Date;
}

export interface NextRunRequest {
  /** null: there is none yet. */
  lastRun: LastRun | null;
  now: Date;
  /** The first logical date; null: none is set. */
  startDate: Date | null;
  /** The last one; a tick exactly at it still runs. */
  endDate: Date | null;
  /** True: every missed run is made up for. False: only the newest one. */
  catchup: boolean;
}

/** The same in epoch milliseconds, for the arithmetic. */
export interface Restriction {
  last: { startMs: number; endMs: number } | null;
  nowMs: number;
  startMs: number | null;
  endMs: number | null;
  catchup: boolean;
}

export function toRestriction(request: NextRunRequest): Restriction {
  const interval = request.lastRun?.dataInterval;
  return {
    last: interval ? { startMs: interval.start.getTime(), endMs: interval.end.getTime() } : null,
    nowMs: request.now.getTime(),
    startMs: request.startDate?.getTime() ?? null,
    endMs: request.endDate?.getTime() ?? null,
    catchup: request.catchup,
  };
}

/** A run for [start, end) that is created when the interval is over. */
export function runForInterval(startMs: number, endMs: number): NextRun {
  return { logicalDate: new Date(startMs), dataIntervalStart: new Date(startMs), dataIntervalEnd: new Date(endMs), runAfter: new Date(endMs) };
}

export function isAfterEnd(ms: number, restriction: Restriction): boolean {
  return restriction.endMs !== null && ms > restriction.endMs;
}
