import { Dag, getContext } from "tradewind";

/** Runs every five minutes: two greetings at the same time, on whichever workers are free, then a summary. */
export const dag = new Dag("hello_workers", { schedule: "*/5 * * * *", startDate: "2026-01-01", tags: ["example"] });

const greet = dag.task("greet", async ({ name }: { name: string }) => {
  getContext().log.info({ name, host: process.env["HOSTNAME"] }, "hello");
  return `hello ${name}`;
});

const summary = dag.task("summary", async ({ greetings }: { greetings: string[] }) => greetings.join(", "));

summary({ greetings: greet.expand({ name: ["Ada", "Grace"] }) });
