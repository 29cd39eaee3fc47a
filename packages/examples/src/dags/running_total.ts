/** Each day builds on the day before: a day waits until the one before it has ended well, also when days are made up for. */
import { Dag, getContext } from "tradewind";

export const dag = new Dag("running_total", {
  description: "A task that depends on its own success in the run before",
  schedule: "@daily",
  startDate: "2026-01-01",
  endDate: "2026-01-05",
  catchup: true,
  tags: ["example", "depends on past"],
});

const sales = dag.task("sales", () => Number(getContext().ds.slice(-2)) * 100);
const total = dag.task("add_to_total", ({ amount }: { amount: number }) => amount, { dependsOnPast: true });
// The next day's total also waits for this day's report.
const report = dag.task("report", ({ amount }: { amount: number }) => `${getContext().ds}: ${amount}`);
const close = dag.task("close_day", () => "closed", { waitForDownstream: true });

const added = total({ amount: sales() });
close()
  .after(added)
  .before(report({ amount: added }));
