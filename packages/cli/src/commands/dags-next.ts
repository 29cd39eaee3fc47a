import { nextRun, parseCron, type TimetableSpec, validateTimetable } from "@tradewind/core";
import { clientContext } from "../client/client-context.ts";
import type { DagResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { relativeTime, shortInstant } from "../output/times.ts";
import type { NextOptions } from "../program/dag-commands.ts";

interface DagDetails extends DagResource {
  timezone: string | null;
  end_date: string | null;
}

interface PlannedRun {
  run_after: string;
}

/** The next run as the server plans it, and those that follow by the schedule. */
export async function showNextRuns(dagId: string, options: NextOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const dag = await client.get<DagDetails>(path`/api/v2/dags/${dagId}/details`);
  const runs = planRuns(dag, options.count);
  const now = new Date();
  output.list(
    runs,
    [
      { title: "RUN AFTER", value: (run) => shortInstant(run.run_after) },
      { title: "IN", value: (run) => relativeTime(run.run_after, now) },
    ],
    { none: `No run of "${dagId}" is planned; its schedule is: ${dag.timetable_description ?? "none"}.` },
  );
  if (dag.is_paused && runs.length > 0) output.note(`"${dagId}" is paused: runs are created once it is unpaused (tradewind dags unpause ${dagId}).`);
}

export function planRuns(
  dag: Pick<DagDetails, "timetable_summary" | "timezone" | "next_dagrun_run_after" | "end_date">,
  count: number,
): PlannedRun[] {
  const first = dag.next_dagrun_run_after;
  if (first === null) return [];
  const ticks = timetableOf(dag.timetable_summary, dag.timezone ?? "UTC");
  const runs: PlannedRun[] = [{ run_after: first }];
  const endDate = dag.end_date === null ? null : new Date(dag.end_date);
  while (ticks !== null && runs.length < count) {
    const last = new Date(runs.at(-1)!.run_after);
    const next = nextRun(ticks, { lastRun: { dataInterval: { start: last, end: last } }, now: last, startDate: null, endDate, catchup: true });
    if (next === null) break;
    runs.push({ run_after: next.runAfter.toISOString() });
  }
  return runs;
}

/** What the summary says as a schedule of moments; null where it names no rhythm. */
function timetableOf(summary: string | null, timezone: string): TimetableSpec | null {
  if (summary === null) return null;
  const everyMs = parseDelta(summary);
  if (everyMs !== null) return { kind: "delta_trigger", everyMs, intervalMs: 0 };
  const spec: TimetableSpec = { kind: "cron_trigger", crons: summary.split(", "), timezone, intervalMs: 0, runImmediately: null };
  try {
    spec.crons.forEach(parseCron);
    validateTimetable(spec);
    return spec;
  } catch {
    return null;
  }
}

/** "1 day, 2:00:00" */
function parseDelta(summary: string): number | null {
  const found = /^(?:(\d+) days?, )?(\d+):(\d{2}):(\d{2})(?:\.(\d{3})\d*)?$/.exec(summary);
  if (found === null) return null;
  const [days, hours, minutes, seconds, rest] = found.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + rest;
}
