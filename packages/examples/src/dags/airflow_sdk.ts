/**
 * A file for Airflow's own TypeScript SDK: it imports that package, and runs in either scheduler as it is. Durations are seconds, as there.
 */
// @boundaries-ignore the loader gives it tradewind/airflow
import { Bundle, Dag, getClient, getContext } from "apache-airflow-ts-sdk";

interface Readings {
  city: string;
  celsius: number[];
}

const dag = new Dag("airflow_sdk", {
  description: "A file for Airflow's TypeScript SDK, loaded as it is",
  schedule: "@daily",
  startDate: new Date("2026-01-01T00:00:00Z"),
  tags: ["example"],
  isPausedUponCreation: true,
});

const read = dag.taskGroup("read");
const madrid = read.task("madrid", async (): Promise<Readings> => ({ city: "Madrid", celsius: [31, 34, 36] }));
const oslo = read.task("oslo", async (): Promise<Readings> => ({ city: "Oslo", celsius: [17, 19, 16] }));

const compare = dag.task(
  "compare",
  async ({ south, north }: { south: Readings; north: Readings }) => {
    const { runId } = getContext();
    const limit = Number((await getClient().getVariable("heat_limit")) ?? 35);
    const hottest = Math.max(...south.celsius, ...north.celsius);
    await getClient().setXCom({ key: "hottest", value: hottest });
    console.log(`${runId}: ${hottest} °C, and the limit is ${limit} °C`);
    return { hottest, isHot: hottest > limit };
  },
  { retries: 2, retryDelay: 30 },
);
const compared = compare({ south: madrid(), north: oslo() });

const isHot = dag.task("is_hot", async ({ result }: { result: { isHot: boolean } }) => result.isHot);
const warn = dag.task("warn", async () => `${await getClient().getXCom<number>({ taskId: "compare", key: "hottest" })} °C`)();
const rest = dag.task("rest", async () => "nothing to tell")();
dag
  .if(isHot({ result: compared }))
  .then(warn)
  .else(rest);

// Texts here are templates, as in Airflow.
dag
  .triggerDagRun({ taskId: "greet", dagId: "hello", conf: { name: "{{ dag.dag_id }} on {{ ds }}" } }, { triggerRule: "none_failed_min_one_success" })
  .after(warn, rest);

await new Bundle(dag).serve();
