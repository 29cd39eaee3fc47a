import { describe, expect, it } from "vitest";
import { figure, ratios, sampled } from "./figures.ts";
import { median, percentile, significant } from "./statistics.ts";

describe("statistics", () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[1, 2, 3, 4], 0.5, 2],
    [[5], 0.99, 5],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
  ])("the percentile of %j at %d is the nearest rank", (values, share, expected) => expect(percentile(values, share)).toBe(expected));

  it.each([
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])("the median of %j is %d", (values, expected) => expect(median(values)).toBe(expected));

  it("nothing has no percentile", () => expect(percentile([], 0.5)).toBeNaN());

  it.each([
    [0.012345, 0.0123],
    [1.2345, 1.23],
    [47_123.4, 47_123],
    [0, 0],
  ])("%d is told as %d", (value, told) => expect(significant(value)).toBe(told));
});

describe("figures", () => {
  it("tell median and spread", () =>
    expect(figure([9, 1, 5], { unit: "ms" })).toEqual({ median: 5, min: 1, max: 9, runs: 3, unit: "ms", better: "lower" }));

  it("of a rate are better when higher, unless they say otherwise", () => {
    expect(figure([1], { unit: "/s" }).better).toBe("higher");
    expect(figure([1], { unit: "/s", better: "lower" }).better).toBe("lower");
  });

  it("a percentile says of how many samples it is", () => expect(sampled(4, 200, { unit: "ms" })).toMatchObject({ median: 4, runs: 200 }));
});

describe("ratios", () => {
  const ms = (value: number, peer?: string | null) => figure([value], { unit: "ms", ...(peer === undefined ? {} : { peer }) });
  const rate = (value: number) => figure([value], { unit: "/s" });

  it("say how many times better ours is, whichever way is better", () =>
    expect(ratios({ runMs: ms(10), tasksPerSecond: rate(4_000) }, { runMs: ms(4_600), tasksPerSecond: rate(2) })).toEqual({
      runMs: 460,
      tasksPerSecond: 2_000,
    }));

  it("compare with the peer's figure that is named", () => expect(ratios({ processMs: ms(2, "runMs") }, { runMs: ms(8) })).toEqual({ processMs: 4 }));

  it("leave out what the peer does not have, and what is not to be compared", () =>
    expect(ratios({ only: ms(1), size: ms(2, null) }, { size: ms(4), other: ms(1) })).toEqual({}));
});
