import type { MonthSummary } from "./observations.ts";

const WIDTH = 960;
const HEIGHT = 360;
const MARGIN = { top: 48, right: 56, bottom: 40, left: 56 };

/** A bar for each month's rain, a line for its mean maximum temperature. */
export function drawChart(months: readonly MonthSummary[]): string {
  const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
  const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
  const step = plotWidth / Math.max(1, months.length);
  const mostRain = Math.max(1, ...months.map((month) => month.precipitationMm));
  const warmest = Math.max(1, ...months.map((month) => month.meanMaxTemperatureC));
  const x = (index: number): number => MARGIN.left + index * step;
  const rainY = (mm: number): number => MARGIN.top + plotHeight * (1 - mm / mostRain);
  const temperatureY = (degrees: number): number => MARGIN.top + plotHeight * (1 - degrees / warmest);

  const bars = months.map((month, index) => {
    const y = rainY(month.precipitationMm);
    return `<rect x="${round(x(index) + step * 0.1)}" y="${round(y)}" width="${round(step * 0.8)}" height="${round(MARGIN.top + plotHeight - y)}" fill="#4c78a8"><title>${month.month}: ${month.precipitationMm} mm on ${month.rainyDays} days</title></rect>`;
  });
  const line = months.map((month, index) => `${round(x(index) + step / 2)},${round(temperatureY(month.meanMaxTemperatureC))}`).join(" ");
  const years = months
    .map((month, index) => ({ month, index }))
    .filter(({ month }) => month.month.endsWith("-01"))
    .map(({ month, index }) => `<text x="${round(x(index))}" y="${HEIGHT - 14}" font-size="13">${month.month.slice(0, 4)}</text>`);

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" role="img">`,
    `<title>Seattle: rain and mean maximum temperature by month</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${MARGIN.left}" y="28" font-size="17">Seattle: rain (bars, up to ${mostRain} mm) and mean maximum temperature (line, up to ${warmest} °C)</text>`,
    ...bars,
    `<polyline points="${line}" fill="none" stroke="#e45756" stroke-width="2.5"/>`,
    ...years,
    `</svg>`,
    "",
  ].join("\n");
}

const round = (value: number): number => Math.round(value * 10) / 10;
