import { hasErrorCode } from "./errors.ts";
import type { TimetableSpec } from "./timetable-spec.ts";
import {
  asList,
  bool,
  type Check,
  type Checks,
  checkFields,
  instant,
  isObject,
  must,
  nullable,
  oneOf,
  type ProblemList,
  text,
  textUpTo,
  wholeNumber,
} from "./spec-problems.ts";
import { validateTimetable } from "./timetable/validate-timetable.ts";

type Kind = TimetableSpec["kind"];
type ChecksByKind = { [K in Kind]: Checks<Extract<TimetableSpec, { kind: K }>> };

const kind: Check = () => {};

const runImmediately = must("true, false, null or a number of milliseconds", (value) => {
  return value === null || typeof value === "boolean" || (typeof value === "number" && value >= 0);
});

function listOf(item: Check): Check {
  return (value, list, field) => {
    for (const [index, member] of asList(value, list, field).entries()) item(member, list.in(field), index);
  };
}

const crons: Check = (value, list, field) => {
  listOf(textUpTo(1000))(value, list, field);
  if (Array.isArray(value) && value.length === 0) list.add(field, "is empty; it needs at least one cron line");
};

const events: Check = (value, list, field) => {
  listOf(instant)(value, list, field);
  const isUnsorted = Array.isArray(value) && value.some((at, index) => index > 0 && value[index - 1] > at);
  if (isUnsorted) list.add(field, "must be sorted");
};

const CHECKS: ChecksByKind = {
  none: { kind },
  once: { kind },
  continuous: { kind },
  cron_trigger: { kind, crons, timezone: textUpTo(100), intervalMs: wholeNumber(0), runImmediately },
  cron_data_interval: { kind, cron: textUpTo(1000), timezone: textUpTo(100), runImmediately },
  delta_trigger: { kind, everyMs: wholeNumber(1), intervalMs: wholeNumber(0) },
  delta_data_interval: { kind, everyMs: wholeNumber(1) },
  events: { kind, events, restrictToEvents: bool, description: nullable(text) },
};

/** Checks the shape of a schedule, and when that is right, whether it can work: that its cron lines and its time zone can be read, for one. */
export function checkTimetableShape(value: unknown, list: ProblemList, field: string | number): void {
  const own = list.in(field);
  if (!isObject(value)) return own.add(null, "must be a timetable (an object with a kind)");
  if (typeof value.kind !== "string" || !Object.hasOwn(CHECKS, value.kind)) return oneOf(Object.keys(CHECKS))(value.kind, own, "kind");
  const before = list.problems.length;
  checkFields(value, CHECKS[value.kind as Kind] as Checks<Record<string, unknown>>, own);
  if (list.problems.length === before) checkTimetable(value as TimetableSpec, own);
}

function checkTimetable(timetable: TimetableSpec, list: ProblemList): void {
  try {
    validateTimetable(timetable);
  } catch (error) {
    if (!hasErrorCode(error, "invalid_timetable")) throw error;
    list.add(null, `cannot work: ${error.message.replace(/\.$/, "")}`);
  }
}
