import { expect, test } from "vitest";
import { instant, jsonObject, port, positiveInteger } from "./options.ts";

test.each([
  ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["2026-01-31T06:00", "2026-01-31T06:00:00.000Z"],
  ["2026-01-31 06:00:30", "2026-01-31T06:00:30.000Z"],
  ["2026-01-31T06:00:00+02:00", "2026-01-31T04:00:00.000Z"],
])("%s is %s: without a zone it is UTC, wherever the command runs", (text, expected) => {
  expect(instant(text).toISOString()).toBe(expected);
});

test.each(["yesterday", "31.1.2026", "2026-13-01", "1"])("%s is no date", (text) => {
  expect(() => instant(text)).toThrow(/Expected a date/);
});

test("JSON options take objects only", () => {
  expect(jsonObject('{"a": 1}')).toEqual({ a: 1 });
  expect(() => jsonObject("[1]")).toThrow(/JSON object/);
  expect(() => jsonObject("{a}")).toThrow(/JSON object/);
});

test("numbers are checked", () => {
  expect([port("0"), positiveInteger("3")]).toEqual([0, 3]);
  expect(() => port("70000")).toThrow(/port/);
  expect(() => positiveInteger("0")).toThrow(/1 or more/);
});
