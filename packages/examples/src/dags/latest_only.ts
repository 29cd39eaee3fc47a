/** Old days are loaded, but only the newest refreshes what people see; conditions skip a task before it begins. */
import { cron, Dag, getContext } from "tradewind";

export const dag = new Dag("latest_only", {
  description: "Latest only, skipIf and runIf",
  schedule: cron("0 3 * * *", { dataInterval: true }),
  startDate: "2026-01-01",
  tags: ["example", "branching"],
});

const load = dag.task("load", () => ({ day: getContext().ds, rows: 100 }));
const compact = dag.task("compact", ({ rows }: { rows: number }) => `${rows} rows in one file`, {
  skipIf: ({ inputs }) => inputs.rows < 10 && "too few rows to be worth it",
});
const archive = dag.task("archive", ({ day }: { day: string }) => `archived before ${day}`, {
  // On Mondays only.
  runIf: ({ ds }) => new Date(ds).getUTCDay() === 1,
});
const refresh = dag.task("refresh_dashboards", () => "fresh");

const loaded = load();
compact({ rows: loaded.get("rows") });
archive({ day: loaded.get("day") });
dag.latestOnly("newest").after(loaded).before(refresh());
