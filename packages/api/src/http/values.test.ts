import { describe, expect, it } from "vitest";
import { parseInstant, toNumber, toUuid } from "./values.ts";

describe("parseInstant", () => {
  it.each([
    ["2026-01-31T06:00:00Z", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31T06:00:00+02:00", "2026-01-31T04:00:00.000Z"],
    ["2026-01-31T06:00:00.123456+00:00", "2026-01-31T06:00:00.123Z"],
    ["2026-01-31T06:00:00", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31 06:00:00", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31 06:00", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31T06:00:00 02:00", "2026-01-31T04:00:00.000Z"],
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ])("%s", (text, expected) => {
    expect(parseInstant(text)?.toISOString()).toBe(expected);
  });

  it.each([
    "",
    "yesterday",
    "2026-13-01",
    "1769839200",
    "2026-01-31T25:00:00Z",
    "January 31, 2026",
    "2026-02-30",
    "2026-02-29T00:00:00Z",
    "0000-01-01",
  ])("refuses %j", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe("ids", () => {
  it("are UUIDs that differ by kind and number", () => {
    expect(toUuid("taskInstance", 255)).toBe("00000000-0000-8000-8000-0000000000ff");
    expect(toUuid("dagVersion", 255)).toBe("00000000-0000-8000-8001-0000000000ff");
  });

  it("are numbers in the order of the UUIDs' time", () => {
    const [earlier, later] = [toNumber("019b76da-a800-7000-8000-000000000000"), toNumber("019b76da-a801-7000-8000-000000000000")];
    expect(earlier).toBeLessThan(later);
    expect(Number.isSafeInteger(later)).toBe(true);
  });
});
