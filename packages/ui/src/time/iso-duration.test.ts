import { expect, it } from "vitest";
import { formatIsoDuration } from "./iso-duration.ts";

it("shows durations as all others are shown", () => {
  expect(formatIsoDuration("PT7200S")).toBe("2 h 00 m");
  expect(formatIsoDuration("P1DT2H")).toBe("1 d 2 h");
  expect(formatIsoDuration("PT0.5S")).toBe("500 ms");
  expect(formatIsoDuration("P1Y")).toBe("P1Y");
});
