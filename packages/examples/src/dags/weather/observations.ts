import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** One day of weather in Seattle. */
export interface Observation {
  /** "2012-01-31" */
  date: string;
  precipitationMm: number;
  maxTemperatureC: number;
  minTemperatureC: number;
  weather: string;
}

/** The figures of one month. */
export interface MonthSummary {
  /** "2012-01" */
  month: string;
  days: number;
  rainyDays: number;
  precipitationMm: number;
  meanMaxTemperatureC: number;
}

/** The Seattle weather of 2012 to 2015, as it lies in the npm package vega-datasets. */
export async function readObservations(): Promise<Observation[]> {
  const path = fileURLToPath(new URL("../data/seattle-weather.csv", import.meta.resolve("vega-datasets")));
  return parseObservations(await readFile(path, "utf8"));
}

export function parseObservations(csv: string): Observation[] {
  const [header, ...rows] = csv.trim().split(/\r?\n/u);
  const names = (header ?? "").split(",");
  return rows.map((row, index) => {
    const cells = row.split(",");
    const cell = (name: string): string => {
      const value = cells[names.indexOf(name)];
      if (value === undefined) throw new Error(`Line ${index + 2} of the weather data has no "${name}": ${row}`);
      return value;
    };
    return {
      date: cell("date"),
      precipitationMm: Number(cell("precipitation")),
      maxTemperatureC: Number(cell("temp_max")),
      minTemperatureC: Number(cell("temp_min")),
      weather: cell("weather"),
    };
  });
}

/** Months in order of time. Rounded to one decimal, as the observations are. */
export function summarizeMonths(observations: readonly Observation[]): MonthSummary[] {
  const months = new Map<string, Observation[]>();
  for (const observation of observations) {
    const month = observation.date.slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), observation]);
  }
  return [...months]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([month, days]) => ({
      month,
      days: days.length,
      rainyDays: days.filter((day) => day.precipitationMm > 0).length,
      precipitationMm: oneDecimal(sum(days.map((day) => day.precipitationMm))),
      meanMaxTemperatureC: oneDecimal(sum(days.map((day) => day.maxTemperatureC)) / days.length),
    }));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const oneDecimal = (value: number): number => Math.round(value * 10) / 10;
