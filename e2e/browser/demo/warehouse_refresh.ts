/** What the pictures of the user interface show: an hourly job with groups, mapped tasks, retries and now and then a failure, always at the same hours.
 * Whoever takes the pictures begins it a day and a bit before. */
import { Dag, getContext } from "tradewind";

interface Shop {
  name: string;
  orders: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const hour = (): number => getContext().logicalDate?.getUTCHours() ?? 0;

export const dag = new Dag("warehouse_refresh", {
  description: "Loads the orders of all shops into the warehouse, and checks them before anybody sees them",
  schedule: "0 * * * *",
  startDate: "2026-01-01",
  catchup: true,
  maxActiveRuns: 4,
  isPausedUponCreation: false,
  tags: ["warehouse", "hourly"],
  defaultArgs: { owner: "data-platform", retries: 1, retryDelay: "1s" },
  params: {
    full_refresh: { type: "boolean", default: false, title: "Full refresh", description: "Load everything again, not only what is new" },
    shops: { type: "array", items: { type: "string" }, default: ["north", "south", "islands"], title: "Shops" },
    batch_size: { type: "integer", default: 500, minimum: 1, maximum: 10_000, title: "Rows per batch" },
    mode: { enum: ["append", "replace", "dry run"], default: "append", title: "Mode" },
  },
});

const listShops = dag.task("list_shops", (): Shop[] => [
  { name: "north", orders: 412 },
  { name: "south", orders: 265 },
  { name: "islands", orders: 38 },
  { name: "online", orders: 1204 },
]);

const shops = listShops();
const extract = dag.task(
  "extract",
  async ({ shop }: { shop: Shop }) => {
    const { log, progress } = getContext();
    log.info(`reading ${shop.orders} orders of ${shop.name}`);
    for (let batch = 1; batch <= 4; batch += 1) {
      await pause(60);
      progress({ current: batch, total: 4 });
      log.info({ batch, rows: Math.ceil(shop.orders / 4) }, `batch ${batch} of 4`);
    }
    if (shop.name === "islands" && hour() % 5 === 2 && getContext().attempt.tryNumber === 1)
      throw new Error("connection reset by islands.example.com:5432");
    return shop.orders;
  },
  { mapIndexTemplate: ({ inputs }) => inputs.shop.name },
);
const extracted = extract.expand({ shop: shops });

const quality = dag.taskGroup("quality", (group) => {
  const rows = group.task("row_counts", async ({ counts }: { counts: number[] }) => {
    await pause(90);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (hour() % 11 === 7) throw new Error(`only ${total} rows, where at least 2,500 are usual at this hour`);
    return total;
  })({ counts: extracted });
  const totals = group.task("totals", async ({ counts }: { counts: number[] }) => {
    await pause(140);
    return Math.max(...counts);
  })({ counts: extracted });
  return { rows, totals };
});

const load = dag.task("load", async ({ rows }: { rows: number; totals: number }) => {
  await pause(220);
  console.log(`loaded ${rows} rows`);
  return rows;
})({ rows: quality.result.rows, totals: quality.result.totals });

dag.task("report", async ({ rows }: { rows: number }) => `${rows} rows`)({ rows: load });
const alert = dag.task("alert", () => console.warn("the warehouse is not fresh"), { triggerRule: "one_failed" })();
load.before(alert);
