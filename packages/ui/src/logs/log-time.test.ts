import { expect, test } from "vitest";
import { timeOfLine } from "./log-time.ts";

test("the clock in a zone, to the millisecond, also of lines of the same second", () => {
  const at = Date.parse("2026-11-21T06:30:05.040Z");
  expect(timeOfLine(at, "UTC")).toBe("06:30:05.040");
  expect(timeOfLine(at + 7, "UTC")).toBe("06:30:05.047");
  expect(timeOfLine(at, "Asia/Kolkata")).toBe("12:00:05.040");
});
