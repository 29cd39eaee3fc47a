import { assertNever } from "../errors.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import { expandPreset } from "./cron-line.ts";
import { describeCron } from "./describe-cron.ts";

export interface TimetableDescription {
  /** As short as the schedule is written: "0 8 * * *", "1:30:00", "@once". */
  summary: string;
  /** A sentence for people: "At 08:00". */
  description: string;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What Airflow's DAG list shows for a schedule; its `timetable_summary` and `timetable_description`. */
export function describeTimetable(spec: TimetableSpec): TimetableDescription {
  switch (spec.kind) {
    case "none":
      return { summary: "None", description: "Never, external triggers only" };
    case "once":
      return { summary: "@once", description: "Once, as soon as possible" };
    case "continuous":
      return { summary: "@continuous", description: "As frequently as possible, but only one run at a time." };
    case "cron_trigger":
      return { summary: spec.crons.map(expandPreset).join(", "), description: spec.crons.map(describeCron).join(", ") };
    case "cron_data_interval":
      return { summary: expandPreset(spec.cron), description: describeCron(spec.cron) };
    case "delta_trigger":
    case "delta_data_interval":
      return { summary: formatDelta(spec.everyMs), description: `Every ${spellDelta(spec.everyMs)}` };
    case "events":
      return describeEvents(spec.events, spec.description);
    default:
      return assertNever(spec, "timetable");
  }
}

/** False for schedules that do not come back by themselves in a rhythm: none, once, continuous. */
export function isPeriodic(spec: TimetableSpec): boolean {
  return spec.kind !== "none" && spec.kind !== "once" && spec.kind !== "continuous";
}

/** How many runs a schedule allows at once, whatever the DAG says; null: as the DAG says. */
export function activeRunsLimit(spec: TimetableSpec): number | null {
  return spec.kind === "continuous" ? 1 : null;
}

function describeEvents(events: string[], description: string | null): TimetableDescription {
  if (description !== null) return { summary: description, description };
  const summary = `${events.length} events`;
  if (events.length === 0) return { summary, description: "No events" };
  return { summary, description: `${summary} between ${events[0]} and ${events.at(-1)}` };
}

/** As Python prints a timedelta: "1 day, 2:00:00", "0:15:00". */
function formatDelta(ms: number): string {
  const { days, hours, minutes, seconds, rest } = splitDelta(ms);
  const dayPart = days === 0 ? "" : `${days} ${days === 1 ? "day" : "days"}, `;
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(3, "0")}000`;
  return `${dayPart}${hours}:${String(minutes).padStart(2, "0")}:${String(seconds).padStart(2, "0")}${fraction}`;
}

function spellDelta(ms: number): string {
  const { days, hours, minutes, seconds, rest } = splitDelta(ms);
  const parts = [spell(days, "day"), spell(hours, "hour"), spell(minutes, "minute"), spell(seconds, "second"), spell(rest, "millisecond")];
  const said = parts.filter((part) => part !== "");
  // "Every day", not "Every 1 day".
  return said.length === 1 ? said[0]!.replace(/^1 /, "") : said.join(" ");
}

function spell(count: number, unit: string): string {
  if (count === 0) return "";
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function splitDelta(ms: number): { days: number; hours: number; minutes: number; seconds: number; rest: number } {
  return {
    days: Math.floor(ms / DAY_MS),
    hours: Math.floor(ms / HOUR_MS) % 24,
    minutes: Math.floor(ms / MINUTE_MS) % 60,
    seconds: Math.floor(ms / SECOND_MS) % 60,
    rest: ms % SECOND_MS,
  };
}
