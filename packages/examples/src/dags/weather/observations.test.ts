import { describe, expect, test } from "vitest";
import { drawChart } from "./chart.ts";
import { parseObservations, readObservations, summarizeMonths } from "./observations.ts";

/**
 * Computed from the CSV file by another program (awk), in tenths to be exact: month, days, days with rain, tenths of a millimetre of rain, sum of the maxima in tenths of a degree.
 */
const INDEPENDENT = `
2012-01 31 22 1733 2187
2012-02 29 19 923 2690
2012-03 31 22 1830 2962
2012-04 30 17 681 4462
2012-05 31 10 522 5475
2012-06 30 14 751 5608
2012-07 31 7 263 7101
2012-08 31 0 0 8016
2012-09 30 3 9 6864
2012-10 31 16 1703 4907
2012-11 30 20 2105 3398
2012-12 31 27 1740 2243
2013-01 31 17 1057 1893
2013-02 28 18 403 2651
2013-03 31 15 697 3940
2013-04 30 16 1496 4273
2013-05 31 12 605 6084
2013-06 30 10 331 6976
2013-07 31 0 0 8089
2013-08 31 9 344 8097
2013-09 30 14 1568 6408
2013-10 31 12 392 4411
2013-11 30 15 963 3616
2013-12 31 14 424 2177
2014-01 31 13 940 2976
2014-02 28 19 1552 2296
2014-03 31 20 2400 4001
2014-04 30 13 1061 4638
2014-05 31 8 800 6160
2014-06 30 9 188 6477
2014-07 31 2 196 8339
2014-08 31 7 460 8179
2014-09 30 9 567 6949
2014-10 31 19 1715 5568
2014-11 30 16 1231 3309
2014-12 31 15 1218 3143
2015-01 31 14 930 3148
2015-02 28 17 1342 3505
2015-03 31 16 1135 4457
2015-04 30 13 516 4651
2015-05 31 4 148 6208
2015-06 30 4 59 7819
2015-07 31 2 23 8709
2015-08 31 6 833 8087
2015-09 30 9 211 6088
2015-10 31 14 1224 5437
2015-11 30 20 2126 2905
2015-12 31 25 2845 2598
`
  .trim()
  .split("\n")
  .map((line) => line.split(" "))
  .map(([month, ...figures]) => ({ month: month!, figures: figures.map(Number) as [number, number, number, number] }));

describe("the weather report's figures", () => {
  test("agree with those computed by another program, for every month", async () => {
    const months = summarizeMonths(await readObservations());
    expect(months.map((month) => month.month)).toEqual(INDEPENDENT.map(({ month }) => month));
    for (const [index, { figures }] of INDEPENDENT.entries()) {
      const [days, rainyDays, tenthsOfRain, sumOfMaxima] = figures;
      const { month, ...own } = months[index]!;
      expect(own, month).toEqual({
        days,
        rainyDays,
        precipitationMm: tenthsOfRain / 10,
        meanMaxTemperatureC: expect.closeTo(sumOfMaxima / 10 / days, 1),
      });
    }
  });

  test("a line with too few cells is refused by its number", () => {
    expect(() => parseObservations("date,precipitation,temp_max,temp_min,wind,weather\n2012-01-01,0.0")).toThrow(/Line 2 .* "temp_max"/u);
  });

  test("the chart has a bar for each month, the highest for the wettest", async () => {
    const months = summarizeMonths(await readObservations());
    const heights = [...drawChart(months).matchAll(/height="([\d.]+)" fill="#4c78a8"/gu)].map((match) => Number(match[1]));
    expect(heights).toHaveLength(48);
    const wettest = months.findIndex((month) => month.precipitationMm === Math.max(...months.map((one) => one.precipitationMm)));
    expect(heights.indexOf(Math.max(...heights))).toBe(wettest);
  });
});
