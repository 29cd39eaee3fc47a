/** Says a cron line in English, in the manner of Airflow's DAG list: "At 08:00, Monday through Friday". */
import { expandPreset } from "./cron-line.ts";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

/** The description of a line that can be read; nonsense for one that cannot. */
export function describeCron(line: string): string {
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = expandPreset(line).toLowerCase().replaceAll("?", "*").split(" ");
  const time = describeTime(minute, hour);
  const describe = (days: string) => [time, days, describeMonths(month)].filter((part) => part !== "").join(", ");
  // Either day is enough when both are restricted.
  if (dayOfMonth !== "*" && dayOfWeek !== "*") return `${describe(describeDaysOfMonth(dayOfMonth))} (or) ${describe(describeWeekdays(dayOfWeek))}`;
  return describe(dayOfMonth === "*" ? describeWeekdays(dayOfWeek) : describeDaysOfMonth(dayOfMonth));
}

function describeTime(minute: string, hour: string): string {
  if (isNumber(minute) && listed(hour).every(isNumber)) return `At ${join(listed(hour).map((h) => clock(h, minute)))}`;
  return capitalise([describeMinutes(minute, hour), describeHours(hour)].filter((part) => part !== "").join(", "));
}

function describeMinutes(minute: string, hour: string): string {
  if (minute === "*") return "every minute";
  if (minute === "0") return hour.includes("/") ? "" : "every hour";
  const step = everyStep(minute);
  if (step !== null) return `every ${step} minutes`;
  return `at ${describeList(
    minute,
    (value) => value,
    (from, to) => `${from} through ${to}`,
    "minutes",
  )} minutes past the hour`;
}

function describeHours(hour: string): string {
  if (hour === "*") return "";
  const step = everyStep(hour);
  if (step !== null) return `every ${step} hours`;
  const parts = listed(hour).map((item) => {
    const { range, step: each } = split(item);
    const every = each === null ? "" : `every ${each} hours, `;
    if (range.length === 2) return `${every}between ${clock(range[0]!, "0")} and ${clock(range[1]!, "59")}`;
    return each === null ? `between ${clock(item, "0")} and ${clock(item, "59")}` : `every ${each} hours from ${clock(range[0]!, "0")}`;
  });
  return join(parts);
}

function describeDaysOfMonth(dayOfMonth: string): string {
  if (dayOfMonth === "*") return "";
  if (dayOfMonth === "l") return "on the last day of the month";
  const step = everyStep(dayOfMonth);
  if (step !== null) return `every ${step} days`;
  const name = (value: string) => (value === "l" ? "the last day" : value);
  if (!dayOfMonth.includes(",") && dayOfMonth.includes("-")) {
    return `${describeList(dayOfMonth, name, (from, to) => `between day ${from} and ${to}`, "days")} of the month`;
  }
  return `on day ${describeList(dayOfMonth, name, (from, to) => `${from} through ${to}`, "days")} of the month`;
}

function describeMonths(month: string): string {
  if (month === "*") return "";
  const step = everyStep(month);
  if (step !== null) return `every ${step} months`;
  const name = (value: string) => named(value, MONTHS, 1);
  if (!month.includes(",") && month.includes("-")) return describeList(month, name, (from, to) => `${from} through ${to}`, "months");
  return `only in ${describeList(month, name, (from, to) => `${from} through ${to}`, "months")}`;
}

function describeWeekdays(dayOfWeek: string): string {
  if (dayOfWeek === "*") return "";
  const step = everyStep(dayOfWeek);
  if (step !== null) return `every ${step} days of the week`;
  const name = (value: string) => named(value, WEEKDAYS, 0);
  if (/^l\d|#/.test(dayOfWeek)) return `on ${join(listed(dayOfWeek).map((item) => describeNthWeekday(item, name)))}`;
  if (!dayOfWeek.includes(",") && dayOfWeek.includes("-")) return describeList(dayOfWeek, name, (from, to) => `${from} through ${to}`, "days");
  return `only on ${describeList(dayOfWeek, name, (from, to) => `${from} through ${to}`, "days")}`;
}

function describeNthWeekday(item: string, name: (value: string) => string): string {
  if (!item.includes("#")) return `the last ${name(item.slice(1))} of the month`;
  const [weekday = "", nth = ""] = item.split("#");
  return `the ${ORDINALS[Number(nth) - 1] ?? nth} ${weekday.split("-").map(name).join(" through ")} of the month`;
}

function describeList(text: string, name: (value: string) => string, between: (from: string, to: string) => string, unit: string): string {
  const items = listed(text).map((item) => {
    const { range, step } = split(item);
    const from = name(range[0]!);
    const words = range.length === 2 ? between(from, name(range[1]!)) : step === null ? from : `${from} onwards`;
    return step === null ? words : `every ${step} ${unit}, ${words}`;
  });
  return join(items);
}

function listed(text: string): string[] {
  return text.split(",");
}

function split(item: string): { range: string[]; step: string | null } {
  const [range = "", step = null] = item.split("/");
  return { range: range.split("-"), step };
}

// The step of a field that is nothing but a star with a step.
function everyStep(text: string): string | null {
  return /^\*\/(\d+)$/.exec(text)?.[1] ?? null;
}

function named(value: string, names: readonly string[], first: number): string {
  if (isNumber(value)) return names[(Number(value) - first) % names.length] ?? value;
  return names.find((name) => name.toLowerCase().startsWith(value)) ?? value;
}

function clock(hour: string, minute: string): string {
  return `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function join(parts: string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
