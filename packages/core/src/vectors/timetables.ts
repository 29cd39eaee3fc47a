import { manualInterval, nextRun } from "../timetable/next-run.ts";
import type { NextRun } from "../timetable/intervals.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import { recordedZones } from "./recorded-zones.ts";
import type { VectorSuite } from "./suite.ts";

/** A timetable as the recording writes it. */
type RecordedTimetable =
  | { kind: "cron-trigger"; cron: string; timezone: string; intervalSeconds?: number; runImmediately?: boolean | number }
  | { kind: "multiple-cron-trigger"; crons: string[]; timezone: string; intervalSeconds?: number; runImmediately?: boolean | number }
  | { kind: "cron-data-interval"; cron: string; timezone: string }
  | { kind: "delta-trigger"; seconds: number; intervalSeconds?: number }
  | { kind: "delta-data-interval"; seconds: number }
  | { kind: "once" }
  | { kind: "events"; events: string[] };

interface TimetableCase {
  timetable: RecordedTimetable;
  startDate?: string | null;
  endDate?: string | null;
  catchup: boolean;
  now: string;
  count: number;
  expect: (Record<keyof NextRun, string> | null)[];
  runAfter: string;
  manual: { dataIntervalStart: string; dataIntervalEnd: string };
}

export const timetablesSuite: VectorSuite = {
  file: "timetables.jsonl",
  run(vectorCase) {
    const recorded = vectorCase as TimetableCase;
    const spec = toSpec(recorded.timetable);
    const interval = manualInterval(spec, new Date(recorded.runAfter), recordedZones);
    const got = {
      runs: followingRuns(spec, recorded),
      manual: { dataIntervalStart: toSeconds(interval.start), dataIntervalEnd: toSeconds(interval.end) },
    };
    const expected = { runs: recorded.expect, manual: recorded.manual };
    return { got, expected, pass: JSON.stringify(got) === JSON.stringify(inOurOrder(expected)) };
  },
};

/** One run after the other, each asked for with the one before as the last; a null where no further run comes ends the list. */
function followingRuns(spec: TimetableSpec, recorded: TimetableCase): (Record<keyof NextRun, string> | null)[] {
  const runs: (Record<keyof NextRun, string> | null)[] = [];
  let last: NextRun | null = null;
  while (runs.length < recorded.count) {
    const request = {
      lastRun: last && { dataInterval: { start: last.dataIntervalStart, end: last.dataIntervalEnd } },
      now: new Date(recorded.now),
      startDate: toDate(recorded.startDate),
      endDate: toDate(recorded.endDate),
      catchup: recorded.catchup,
    };
    const next: NextRun | null = nextRun(spec, request, recordedZones);
    runs.push(next && toRecord(next));
    if (next === null) break;
    last = next;
  }
  return runs;
}

function toSpec(timetable: RecordedTimetable): TimetableSpec {
  switch (timetable.kind) {
    case "cron-trigger":
    case "multiple-cron-trigger":
      return {
        kind: "cron_trigger",
        crons: timetable.kind === "cron-trigger" ? [timetable.cron] : timetable.crons,
        timezone: timetable.timezone,
        intervalMs: (timetable.intervalSeconds ?? 0) * 1000,
        runImmediately: typeof timetable.runImmediately === "number" ? timetable.runImmediately * 1000 : (timetable.runImmediately ?? null),
      };
    case "cron-data-interval":
      return { kind: "cron_data_interval", cron: timetable.cron, timezone: timetable.timezone, runImmediately: null };
    case "delta-trigger":
      return { kind: "delta_trigger", everyMs: timetable.seconds * 1000, intervalMs: (timetable.intervalSeconds ?? 0) * 1000 };
    case "delta-data-interval":
      return { kind: "delta_data_interval", everyMs: timetable.seconds * 1000 };
    case "once":
      return { kind: "once" };
    case "events":
      return { kind: "events", events: timetable.events, restrictToEvents: false, description: null };
    default:
      throw new Error(`The recording has a timetable of a kind this suite does not know: ${JSON.stringify(timetable satisfies never)}.`);
  }
}

function toRecord(run: NextRun): Record<keyof NextRun, string> {
  return {
    logicalDate: toSeconds(run.logicalDate),
    dataIntervalStart: toSeconds(run.dataIntervalStart),
    dataIntervalEnd: toSeconds(run.dataIntervalEnd),
    runAfter: toSeconds(run.runAfter),
  };
}

/** The recorded answer with its keys in the order in which `got` has them, so that both print and compare alike. */
function inOurOrder(expected: { runs: TimetableCase["expect"]; manual: TimetableCase["manual"] }): unknown {
  return {
    runs: expected.runs.map(
      (run) =>
        run && {
          logicalDate: run.logicalDate,
          dataIntervalStart: run.dataIntervalStart,
          dataIntervalEnd: run.dataIntervalEnd,
          runAfter: run.runAfter,
        },
    ),
    manual: { dataIntervalStart: expected.manual.dataIntervalStart, dataIntervalEnd: expected.manual.dataIntervalEnd },
  };
}

function toDate(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}

/** As the recording writes instants: no fraction when there is none. */
function toSeconds(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}
