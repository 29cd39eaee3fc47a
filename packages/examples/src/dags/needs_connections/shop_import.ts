/**
 * Reads orders from a shop's HTTP API: waits until the day's export is done, reads it page by page, and tells the shop what was read.
 *
 * `tradewind connections set shop https://user:password@shop.example.com`
 */
import { Dag, type TemplateContext } from "tradewind";
import { http } from "tradewind/operators";
import { httpSensor } from "tradewind/sensors";

interface Page {
  orders: { id: number; cents: number }[];
  next: string | null;
}

export const dag = new Dag("shop_import", {
  description: "An HTTP sensor, an HTTP API read page by page, and a POST with a checked answer",
  doc: "Needs the connection `shop`: `tradewind connections set shop https://user:password@shop.example.com`",
  tags: ["example", "http", "needs a connection"],
  isPausedUponCreation: true,
  defaultArgs: { retries: 3, retryDelay: "10s", retryExponentialBackoff: true },
});

const ready = dag.add(
  httpSensor("export_is_done", {
    connection: "shop",
    url: ({ ds }) => `/exports/${ds}`,
    response: "json",
    check: (body) => (body as { state: string }).state === "done",
    mode: "reschedule",
    pokeInterval: "30s",
    timeout: "2h",
  }),
);

const orders = dag.add(
  http("read_orders", {
    connection: "shop",
    url: "/orders",
    query: ({ ds }) => ({ day: ds, size: 2 }),
    timeout: "30s",
    // The next request, by what the last one answered; null: that was all. Credentials do not go to another host.
    nextPage: (page) => (page as unknown as Page).next,
    responseFilter: (pages) => pages.flatMap((page) => (page as unknown as Page).orders),
  }),
);

const total = dag.task("total", ({ orders }: { orders: Page["orders"] }) => orders.reduce((sum, { cents }) => sum + cents, 0) / 100);

const confirm = dag.task(
  http("confirm", {
    connection: "shop",
    url: "/receipts",
    method: "POST",
    body: ({ ds, inputs }: TemplateContext<{ total: number }>) => ({ day: ds, total: inputs.total }),
    // A good status is not all: this shop answers 200 also when it refuses.
    check: (body) => (body as { accepted: boolean }).accepted,
  }),
);

ready.before(orders);
confirm({ total: total({ orders }) });
