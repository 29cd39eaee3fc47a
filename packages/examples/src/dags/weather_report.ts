/** Real data, end to end: the weather of Seattle, one task per year, aggregated by month, loaded into PostgreSQL and drawn as a chart. */
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { cron, Dag, getContext, type TemplateContext } from "tradewind";
import { sql } from "tradewind/operators";
import { drawChart } from "./weather/chart.ts";
import createTable from "./weather/create-table.sql";
import { type MonthSummary, readObservations, summarizeMonths } from "./weather/observations.ts";
import upsertMonths from "./weather/upsert-months.sql";

export const dag = new Dag("weather_report", {
  description: "Seattle's weather by month: a table in PostgreSQL and a chart",
  schedule: cron("0 6 * * *", { timezone: "America/Los_Angeles" }),
  startDate: "2026-01-01",
  tags: ["example", "mapping", "sql"],
  isPausedUponCreation: false,
  params: {
    chartFolder: { type: "string", default: join(tmpdir(), `tradewind-weather-${userInfo().uid}`), description: "Where the chart is written." },
  },
  defaultArgs: { retries: 1, retryDelay: "5s" },
});

const listYears = dag.task("list_years", async () => {
  const observations = await readObservations();
  const years = [...new Set(observations.map((observation) => observation.date.slice(0, 4)))].sort();
  getContext().log.info({ observations: observations.length, years }, `${observations.length} days of weather in ${years.length} years`);
  return years;
});

const summarizeYear = dag.task("summarize_year", async ({ year }: { year: string }) => {
  const { log } = getContext();
  const months = summarizeMonths((await readObservations()).filter((observation) => observation.date.startsWith(year)));
  for (const month of months)
    log.info(`${month.month}: ${month.precipitationMm} mm of rain on ${month.rainyDays} of ${month.days} days, ${month.meanMaxTemperatureC} °C`);
  return months;
});

const joinYears = dag.task("join_years", ({ years }: { years: MonthSummary[][] }) => years.flat());

const loadMonths = dag.task(
  sql("load_months", {
    connection: "examples",
    sql: upsertMonths,
    parameters: ({ inputs }: TemplateContext<{ months: MonthSummary[] }>) => [JSON.stringify(inputs.months)],
    handler: (rows) => rows.length,
  }),
);

const writeChart = dag.task("write_chart", async ({ months }: { months: MonthSummary[] }) => {
  const { params, run, log } = getContext<typeof dag>();
  await mkdir(params.chartFolder, { recursive: true });
  const path = join(params.chartFolder, `${run.runId.replaceAll(/[^\w.-]+/gu, "_")}.svg`);
  await writeFile(path, drawChart(months));
  log.info(`wrote ${path}`);
  return path;
});

const months = joinYears({ years: summarizeYear.expand({ year: listYears() }) });
dag.add(sql("create_table", { connection: "examples", sql: createTable, handler: () => null })).before(loadMonths({ months }));
writeChart({ months });
