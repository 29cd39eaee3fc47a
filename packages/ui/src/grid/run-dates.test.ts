import { expect, it } from "vitest";
import { dateLabels } from "./run-dates.ts";

const labels = (...times: string[]) => [
  ...dateLabels(
    times.map((time) => ({ run_after: time })),
    (at) => at,
  ),
];

it("labels the first run of a day, at a distance from the label before", () => {
  expect(labels("2026-11-01 22:00", "2026-11-01 23:00", "2026-11-02 00:00", "2026-11-02 01:00", "2026-11-03 00:00")).toEqual([
    [0, "11-01"],
    [4, "11-03"],
  ]);
});

it("labels times where all runs are of one day", () => {
  expect(labels("2026-11-01 01:00", "2026-11-01 02:00", "2026-11-01 03:00", "2026-11-01 04:00")).toEqual([
    [0, "01:00"],
    [3, "04:00"],
  ]);
  expect(labels()).toEqual([]);
});
