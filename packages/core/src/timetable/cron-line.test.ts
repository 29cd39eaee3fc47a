import { describe, expect, it } from "vitest";
import { isTradewindError, type TradewindError } from "../errors.ts";
import { type CronLine, parseCron } from "./cron-line.ts";

function membersOf(bits: number, first: number): number[] {
  return Array.from({ length: 32 }, (_, index) => index)
    .filter((index) => (bits & (1 << index)) !== 0)
    .map((index) => index + first);
}

function fieldsOf(line: CronLine) {
  return {
    minutes: line.minutes,
    hours: line.hours,
    daysOfMonth: membersOf(line.daysOfMonth, 1),
    months: membersOf(line.months, 1),
    weekdays: membersOf(line.weekdays, 0),
  };
}

describe("the dialect of cron lines: croniter's", () => {
  it.each([
    [
      "values, lists, ranges and steps",
      "5,10 8-10 1-7/3 1,6 1-5",
      { minutes: [5, 10], hours: [8, 9, 10], daysOfMonth: [1, 4, 7], months: [1, 6], weekdays: [1, 2, 3, 4, 5] },
    ],
    ["a step on a star", "*/20 */6 1 1 0", { minutes: [0, 20, 40], hours: [0, 6, 12, 18], daysOfMonth: [1], months: [1], weekdays: [0] }],
    [
      "a value with a step goes on to the end of the field",
      "40/10 20/2 29/1 11/1 5/1",
      { minutes: [40, 50], hours: [20, 22], daysOfMonth: [29, 30, 31], months: [11, 12], weekdays: [5, 6] },
    ],
    [
      "names, in any case",
      "0 0 1 jan,JUL-Sep Mon-fri",
      { minutes: [0], hours: [0], daysOfMonth: [1], months: [1, 7, 8, 9], weekdays: [1, 2, 3, 4, 5] },
    ],
    ["0 and 7 are Sunday", "0 0 1 1 0,7", { minutes: [0], hours: [0], daysOfMonth: [1], months: [1], weekdays: [0] }],
    [
      "ranges that end on Sunday, or go round the end of the field",
      "0 22-2 1 nov-feb fri-7",
      { minutes: [0], hours: [0, 1, 2, 22, 23], daysOfMonth: [1], months: [1, 2, 11, 12], weekdays: [0, 5, 6] },
    ],
    [
      "a wrapped range with a step",
      "0 22-4/2 1 apr-jan/3 1",
      { minutes: [0], hours: [0, 2, 4, 22], daysOfMonth: [1], months: [1, 4, 7, 10], weekdays: [1] },
    ],
    [
      "a range from a value to itself is the whole cycle",
      "0 0 1 1 mon-mon",
      { minutes: [0], hours: [0], daysOfMonth: [1], months: [1], weekdays: [0, 1, 2, 3, 4, 5, 6] },
    ],
    ["a day range up to L", "0 0 29-L 1 1", { minutes: [0], hours: [0], daysOfMonth: [29, 30, 31], months: [1], weekdays: [1] }],
    ["blanks of any width", "  0\t0   1 1 1 ", { minutes: [0], hours: [0], daysOfMonth: [1], months: [1], weekdays: [1] }],
  ])("%s", (_, line, expected) => {
    expect(fieldsOf(parseCron(line))).toEqual(expected);
  });

  it("L is the last day of the month, alone or in a list; L5 and 1#2 are weekdays of one week", () => {
    expect(parseCron("0 0 L * *")).toMatchObject({ lastDayOfMonth: true, daysOfMonth: 0, restrictsDayOfMonth: true });
    expect(parseCron("0 0 15,l * *")).toMatchObject({ lastDayOfMonth: true, daysOfMonth: 1 << 14 });
    expect(parseCron("0 0 * * L5,mon#1").nthWeekdays).toEqual([
      { weekday: 5, nth: "last" },
      { weekday: 1, nth: 1 },
    ]);
    expect(parseCron("0 0 * * mon-tue#2").nthWeekdays).toEqual([
      { weekday: 1, nth: 2 },
      { weekday: 2, nth: 2 },
    ]);
  });

  it.each([
    ["@hourly", "0 * * * *"],
    ["@daily", "0 0 * * *"],
    ["@midnight", "0 0 * * *"],
    ["@weekly", "0 0 * * 0"],
    ["@monthly", "0 0 1 * *"],
    ["@quarterly", "0 0 1 */3 *"],
    ["@yearly", "0 0 1 1 *"],
    ["@annually", "0 0 1 1 *"],
  ])("preset %s stands for %s", (preset, expression) => {
    expect(parseCron(preset)).toEqual(parseCron(expression));
    expect(parseCron(preset).expression).toBe(expression);
  });

  it.each([
    ["* * * * *", true],
    ["0 0-23 * * *", true],
    ["0 */1 * * *", true],
    ["0 */2 * * *", false],
    ["0 1-23 * * *", false],
  ])("%s leaves out no hour: %s", (line, everyHour) => {
    expect(parseCron(line).everyHour).toBe(everyHour);
  });

  it.each([
    ["0 0 1 * 1", true, true],
    ["0 0 * * 1", false, true],
    ["0 0 ? * 1", false, true],
    ["0 0 1 * *", true, false],
    ["0 0 1 * */2", true, true],
    ["0 0 1-31 * 1", true, true],
    ["0 0 1-31 * */2", false, true],
    ["0 0 */2 * 0-6", true, false],
  ])("%s restricts the day of the month: %s, the day of the week: %s", (line, restrictsDayOfMonth, restrictsDayOfWeek) => {
    expect(parseCron(line)).toMatchObject({ restrictsDayOfMonth, restrictsDayOfWeek });
  });
});

describe("a cron line that cannot be read", () => {
  it.each([
    ["60 * * * *", `minute "60" is out of range; expected 0-59`, { field: "minute", value: "60" }],
    ["0 24 * * *", `hour "24" is out of range; expected 0-23`, { field: "hour", value: "24" }],
    ["0 0 0 * *", `day of month "0" is out of range; expected 1-31`, { field: "day of month", value: "0" }],
    ["0 0 1 13 *", `month "13" is out of range; expected 1-12 or JAN-DEC`, { field: "month", value: "13" }],
    ["0 0 * * 8", `day of week "8" is out of range; expected 0-7 (0 and 7 are Sunday) or SUN-SAT`, { field: "day of week", value: "8" }],
    ["0 0 * foo *", `month "foo" is not understood; expected 1-12 or JAN-DEC`, { field: "month", value: "foo" }],
    ["1,,2 * * * *", `minute "" is not a value, a range or a step`, { field: "minute", value: "" }],
    ["0 5- * * *", `hour "5-" is not a value, a range or a step`, { field: "hour" }],
    ["-5 * * * *", `minute "-5" is not a value, a range or a step`, { field: "minute" }],
    ["*/0 * * * *", `minute "*/0" has the step "0"; expected a whole number of 1 or more`, { field: "minute" }],
    ["*/x * * * *", `minute "*/x" has the step "x"`, { field: "minute" }],
    ["0 0 ? ? *", `month "?" is not understood`, { field: "month" }],
    ["0 0 * * 1#6", `day of week "1#6" has "6" behind the #; expected 1-5`, { field: "day of week" }],
    ["0 0 * * 1,2#1", `mixes plain weekdays with # or L`, { field: "day of week" }],
    ["0 0 * * *", null, {}],
    ["0 0 * *", `it has 4 fields; expected 5`, { found: 4 }],
    ["0 0 0 * * *", `it has 6 fields; expected 5`, { found: 6 }],
    ["", `expected 5`, {}],
    ["@dayly", `there is no preset "@dayly"; expected one of @hourly, @daily`, { value: "@dayly" }],
  ])("%j: %s", (line, message, details) => {
    const error = errorOf(line);
    if (message === null) return expect(error).toBeNull();
    expect(error!.code).toBe("invalid_timetable");
    expect(error!.message).toContain(`Cron line "${line}" could not be read`);
    expect(error!.message).toContain(message);
    expect(error!.details).toMatchObject({ cron: line, ...details });
  });
});

function errorOf(line: string): TradewindError | null {
  try {
    parseCron(line);
    return null;
  } catch (error) {
    if (isTradewindError(error)) return error;
    throw error;
  }
}
