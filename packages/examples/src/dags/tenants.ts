/** Many DAGs from one file: a loop makes one per tenant, each with its own schedule. */
import { cron, Dag, getContext } from "tradewind";
import tenants from "./tenants.json" with { type: "json" };

export const dags = tenants.map(({ name, zone, hour }) => {
  const dag = new Dag(`tenant_${name}`, {
    description: `Nightly invoices of ${name}`,
    schedule: cron(`0 ${hour} * * *`, { timezone: zone }),
    startDate: "2026-01-01",
    tags: ["example", "generated", name],
  });
  const collect = dag.task("collect", () => [120, 80, 45.5].map((amount, index) => ({ invoice: `${name}-${index + 1}`, amount })));
  const send = dag.task("send", ({ invoices }: { invoices: { invoice: string; amount: number }[] }) => {
    const { dataInterval, log } = getContext();
    log.info({ until: dataInterval.end, invoices: invoices.length }, `invoices of ${name}`);
    return invoices.reduce((sum, { amount }) => sum + amount, 0);
  });
  send({ invoices: collect() });
  return dag;
});
