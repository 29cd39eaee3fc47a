/** Groups, retries and results as inputs: extract from two shops, check, then load and report side by side. */
import { Dag, every, FailTask, getContext, RetryTask } from "tradewind";

interface Order {
  shop: string;
  id: number;
  cents: number;
}

export const dag = new Dag("orders_pipeline", {
  description: "Extract, check, load and report orders of two shops",
  schedule: every("15m"),
  startDate: "2026-01-01",
  maxActiveRuns: 1,
  tags: ["example", "groups", "retries"],
  defaultArgs: { retries: 2, retryDelay: "2s", retryExponentialBackoff: true },
});

const extract = dag.taskGroup("extract", (group) => {
  const fromShop = group.task("shop", async ({ shop, orders }: { shop: string; orders: number }): Promise<Order[]> => {
    const { attempt, log, progress } = getContext();
    // The second shop answers only from the second try on: watch the retry in the log.
    if (shop === "south" && attempt.tryNumber === 1) throw new RetryTask("the shop does not answer yet", { after: "1s" });
    const result: Order[] = [];
    for (let id = 1; id <= orders; id += 1) {
      result.push({ shop, id, cents: ((id * 7919) % 9_000) + 100 });
      progress({ current: id, total: orders });
    }
    log.info({ shop, orders }, `${orders} orders of ${shop}`);
    return result;
  });
  return { north: fromShop.withId("north")({ shop: "north", orders: 40 }), south: fromShop.withId("south")({ shop: "south", orders: 25 }) };
});

const check = dag.task("check", ({ batches }: { batches: Order[][] }) => {
  const orders = batches.flat();
  const bad = orders.filter((order) => order.cents <= 0);
  // No further try mends bad data.
  if (bad.length > 0) throw new FailTask(`${bad.length} orders have no positive amount, the first is ${JSON.stringify(bad[0])}`);
  return orders;
});

const load = dag.task("load", ({ orders }: { orders: Order[] }) => {
  getContext().log.info(`loaded ${orders.length} orders`);
  return orders.length;
});

const report = dag.task("report", ({ orders }: { orders: Order[] }) => {
  const totals = Object.entries(Object.groupBy(orders, (order) => order.shop)).map(([shop, own]) => ({
    shop,
    euros: (own ?? []).reduce((sum, order) => sum + order.cents, 0) / 100,
  }));
  for (const { shop, euros } of totals) console.log(`${shop.padEnd(8)} ${euros.toFixed(2).padStart(10)} €`);
  return totals;
});

const orders = check({ batches: [extract.result.north, extract.result.south] });
load({ orders });
report({ orders });
