import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createMetrics } from "@tradewind/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { dagProcessorMetrics } from "./dag-processor-metrics.ts";
import { engineMetrics } from "./engine-metrics.ts";
import { schedulerMetrics } from "./scheduler-metrics.ts";

test("what the services report arrives under Airflow's names", async () => {
  const server = createSocket("udp4");
  onTestFinished(() => void server.close());
  let received = "";
  server.on("message", (packet) => (received += `${packet.toString()}\n`));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const options = { statsdOn: true, statsdHost: "127.0.0.1", statsdPort: server.address().port, prefix: "airflow", legacyNamesOn: true };
  const metrics = await createMetrics({ ...options, tagFormat: "none", disabledTags: [], allowList: [], blockList: [] });

  const engine = engineMetrics(metrics);
  engine.taskInstanceStarted!({ dagId: "sales", taskId: "load", queue: "default", queuedDurationMs: 5, scheduledDurationMs: 3 });
  engine.taskInstanceFinished!({ dagId: "sales", taskId: "load", operator: "sql", state: "failed", durationMs: 100 });
  engine.dagRunStarted!({ dagId: "sales", runType: "manual", scheduleDelayMs: null });
  engine.dagRunFinished!({ dagId: "sales", runId: "r", state: "success", durationMs: 200 });
  const scheduler = schedulerMetrics(metrics);
  scheduler.heartbeat();
  scheduler.orphansAdopted(2);
  const processor = dagProcessorMetrics(metrics);
  processor.fileDuration({ bundleName: "dags", relativePath: "team/sales.ts" }, 40);
  processor.passDuration(1500);
  await metrics.close();

  while (!received.includes("total_parse_time")) await once(server, "message");
  expect(received.split("\n").filter((line) => line !== "")).toEqual([
    "airflow.ti.start:1|c",
    "airflow.ti.start.sales.load:1|c",
    "airflow.task.queued_duration:5|ms",
    "airflow.dag.sales.load.queued_duration:5|ms",
    "airflow.task.scheduled_duration:3|ms",
    "airflow.dag.sales.load.scheduled_duration:3|ms",
    "airflow.ti.finish:1|c",
    "airflow.ti.finish.sales.load.failed:1|c",
    "airflow.task.duration:100|ms",
    "airflow.dag.sales.load.duration:100|ms",
    "airflow.ti_failures:1|c",
    "airflow.operator_failures:1|c",
    "airflow.operator_failures_sql:1|c",
    "airflow.dagrun.duration.success:200|ms",
    "airflow.dagrun.duration.success.sales:200|ms",
    "airflow.scheduler_heartbeat:1|c",
    "airflow.scheduler.orphaned_tasks.adopted:2|c",
    "airflow.dag_processing.last_duration:40|ms",
    "airflow.dag_processing.last_duration.sales:40|ms",
    "airflow.dag_processing.total_parse_time:1.5|g",
  ]);
});
