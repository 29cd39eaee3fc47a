import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMetrics, type Metrics, type MetricsOptions, METRICS, NO_METRICS } from "./index.ts";

let server: Socket;
let received = "";
beforeEach(async () => {
  received = "";
  server = createSocket("udp4").on("message", (packet) => (received += `${packet.toString().trimEnd()}\n`));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => void server.close());

const options = (overrides: Partial<MetricsOptions> = {}): MetricsOptions => ({
  statsdOn: true,
  statsdHost: "127.0.0.1",
  statsdPort: server.address().port,
  prefix: "airflow",
  legacyNamesOn: true,
  tagFormat: "datadog",
  disabledTags: ["job_id", "run_id"],
  allowList: [],
  blockList: [],
  ...overrides,
});

/** The lines that arrive for what `report` does; an end mark tells when all of them are there. */
async function linesOf(overrides: Partial<MetricsOptions>, report: (metrics: Metrics) => void): Promise<string[]> {
  const metrics = await createMetrics(options(overrides));
  report(metrics);
  await metrics.close();
  const end = await createMetrics(options({ prefix: "end", allowList: [], blockList: [] }));
  end.increment("scheduler_heartbeat");
  await end.close();
  while (!received.includes("end.scheduler_heartbeat")) await once(server, "message");
  return received.split("\n").filter((line) => line !== "" && !line.startsWith("end."));
}

test("each metric is sent under its tagged and its legacy name", async () => {
  const lines = await linesOf({}, (metrics) => {
    metrics.increment("ti.finish", { dag_id: "sales", task_id: "load.a", state: "success", run_id: "r1" });
    metrics.timing("task.duration", 1500, { dag_id: "sales", task_id: "load" });
    metrics.gauge("pool.open_slots", 3, { pool_name: "big pool" });
    metrics.gauge("dagbag_size", 7);
    metrics.count("dag_processing.processes", -1, { action: "stop" });
    metrics.increment("{job_name}_start", { job_name: "SchedulerJob" });
  });
  expect(lines).toEqual([
    "airflow.ti.finish:1|c|#dag_id:sales,task_id:load.a,state:success",
    "airflow.ti.finish.sales.load.a.success:1|c",
    "airflow.task.duration:1500|ms|#dag_id:sales,task_id:load",
    "airflow.dag.sales.load.duration:1500|ms",
    "airflow.pool.open_slots:3|g|#pool_name:big_pool",
    "airflow.pool.open_slots.big_pool:3|g",
    "airflow.dagbag_size:7|g",
    "airflow.dag_processing.processes:-1|c|#action:stop",
    "airflow.SchedulerJob_start:1|c|#job_name:SchedulerJob",
  ]);
});

test("without legacy names, tags or prefix", async () => {
  const lines = await linesOf({ legacyNamesOn: false, tagFormat: "none", prefix: "" }, (metrics) =>
    metrics.increment("ti.start", { dag_id: "sales", task_id: "load" }),
  );
  expect(lines).toEqual(["ti.start:1|c"]);
});

test("tags as InfluxDB wants them", async () => {
  const lines = await linesOf({ legacyNamesOn: false, tagFormat: "influxdb" }, (metrics) =>
    metrics.increment("ti.start", { dag_id: "sales", task_id: "load" }),
  );
  expect(lines).toEqual(["airflow.ti.start,dag_id=sales,task_id=load:1|c"]);
});

test("names are filtered by the allow list and the block list", async () => {
  const lines = await linesOf({ allowList: ["^ti", "job_"], blockList: ["\\.secret\\."] }, (metrics) => {
    metrics.increment("ti.start", { dag_id: "secret", task_id: "load" });
    metrics.increment("{job_name}_start", { job_name: "SchedulerJob" });
    metrics.increment("{job_name}_start", { job_name: "Other" });
    metrics.gauge("dagbag_size", 1);
  });
  expect(lines).toEqual(["airflow.ti.start:1|c|#dag_id:secret,task_id:load", "airflow.SchedulerJob_start:1|c|#job_name:SchedulerJob"]);
});

test("many metrics share packets of a size that every network carries", async () => {
  let largest = 0;
  let packets = 0;
  server.on("message", (packet) => {
    largest = Math.max(largest, packet.length);
    packets += 1;
  });
  const lines = await linesOf({}, (metrics) => {
    for (let index = 0; index < 200; index += 1) metrics.increment("ti.start", { dag_id: "sales", task_id: `t${index}` });
  });
  expect(lines).toHaveLength(400);
  expect(largest).toBeLessThanOrEqual(1472);
  expect(packets).toBeLessThan(40);
});

test("off means nothing is sent and nothing is loaded", async () => {
  expect(await createMetrics(options({ statsdOn: false }))).toBe(NO_METRICS);
});

test("a server that has no address is reported and does no harm", async () => {
  const { promise: reported, resolve: report } = Promise.withResolvers<Error>();
  const metrics = await createMetrics(options({ statsdHost: "nowhere.invalid" }), report);
  metrics.gauge("dagbag_size", 1);
  expect((await reported).message).toContain("nowhere.invalid");
  await metrics.close();
});

test("a metric must be given the tags that its names mention", () => {
  // @ts-expect-error task_id is missing
  NO_METRICS.increment("ti.start", { dag_id: "sales" });
  // @ts-expect-error no tags at all
  NO_METRICS.increment("ti.start");
  // @ts-expect-error a gauge is no counter
  NO_METRICS.increment("dagbag_size");
  expect(Object.keys(METRICS).length).toBeGreaterThan(50);
});

test("a host that has no address is told once, and not with every packet", async () => {
  const errors: Error[] = [];
  const metrics = await createMetrics(options({ statsdHost: "nowhere.invalid" }), (error) => void errors.push(error));
  // Each fills packets of its own.
  const report = (): void => Array.from({ length: 200 }, () => "scheduler_heartbeat" as const).forEach((name) => metrics.increment(name));
  report();
  await expect.poll(() => errors.length, { timeout: 10_000 }).toBe(1);
  report();
  await metrics.close();
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining("nowhere.invalid")]);
});
