import { allowsRunType, type DagSpec, type NextRun, nextRun } from "@tradewind/core";

/** Runs that are late are steps too: a schedule that has years to make up for tells its plans another day. */
const MOST_STEPS = 20_000;

/** The last run that the schedule made. */
type LastScheduledRun = Pick<NextRun, "logicalDate" | "dataIntervalStart" | "dataIntervalEnd" | "runAfter">;

/**
 * When the schedule will make runs, as far as can be told now: what goes by the clock, and not what waits for something to end.
 * @param most no more than so many
 */
export function plannedRuns(
  spec: Pick<DagSpec, "schedule" | "startDate" | "endDate" | "catchup" | "allowedRunTypes">,
  last: LastScheduledRun | undefined,
  { now, until, most }: { now: Date; until: Date; most: number },
): { at: Date[]; isCut: boolean } {
  const at: Date[] = [];
  if (spec.schedule.kind === "continuous" || !allowsRunType(spec, "scheduled")) return { at, isCut: false };
  let before = last;
  let time = now;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const next = nextRun(spec.schedule, {
      lastRun:
        before === undefined
          ? null
          : {
              logicalDate: before.logicalDate,
              dataInterval: { start: before.dataIntervalStart, end: before.dataIntervalEnd },
              runAfter: before.runAfter,
            },
      now: time,
      startDate: spec.startDate === null ? null : new Date(spec.startDate),
      endDate: spec.endDate === null ? null : new Date(spec.endDate),
      catchup: spec.catchup,
    });
    // A schedule that asked for the same again would never end.
    if (
      next === null ||
      next.runAfter >= until ||
      (before !== undefined && next.runAfter <= before.runAfter && next.logicalDate <= before.logicalDate)
    )
      return { at, isCut: false };
    if (at.length === most) return { at, isCut: true };
    if (next.runAfter >= now) at.push(next.runAfter);
    before = next;
    time = next.runAfter > time ? next.runAfter : time;
  }
  return { at, isCut: true };
}
