import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { hasRedisServer, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { makeBullMqInstallation } from "./bullmq-installation.ts";
import { dagSource, gateFile } from "./dag-sources.ts";

const TASKS = 5;
const SLOTS = 3;

/** Gauges as a StatsD server keeps them: the last value of each. */
async function listenForGauges(): Promise<{ port: number; gauges: Map<string, number> }> {
  const server = createSocket("udp4");
  onTestFinished(() => void server.close());
  const gauges = new Map<string, number>();
  server.on("message", (packet) => {
    for (const line of packet.toString().split("\n")) {
      const [, name, value] = /^([^:]+):(-?[\d.]+)\|g/u.exec(line) ?? [];
      if (name !== undefined) gauges.set(name, Number(value));
    }
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, gauges };
}

test.skipIf(!hasRedisServer())(
  "what waits and runs for workers is told in numbers: to StatsD under Airflow's names, and to an autoscaler the same by the API",
  async () => {
    const { port, gauges } = await listenForGauges();
    const { installation, redis, startWorker } = await makeBullMqInstallation({
      concurrency: SLOTS,
      env: {
        TRADEWIND__DAGS__ALLOWED_QUEUES: "gpu",
        TRADEWIND__SCHEDULER__PARALLELISM: "20",
        TRADEWIND__METRICS__STATSD_ON: "true",
        TRADEWIND__METRICS__STATSD_HOST: "127.0.0.1",
        TRADEWIND__METRICS__STATSD_PORT: String(port),
        TRADEWIND__METRICS__TAG_FORMAT: "none",
      },
    });
    const { rest } = installation;
    const tasks = `for (let index = 0; index < ${TASKS}; index += 1) dag.task(\`task\${index}\`, async () => gate("end"), { queue: "gpu" })();`;
    installation.saveDag("counted.ts", dagSource(installation, "counted", tasks));
    await installation.untilKnown("counted");
    await rest.trigger("counted");

    /** Legacy names hold what the tagged ones have as tags. */
    const told = () => ({
      executor: ["open_slots", "queued_tasks", "running_tasks"].map((name) => gauges.get(`airflow.executor.${name}.BullmqExecutor`)),
      queue: ["scheduled_tasks", "queued_tasks", "running_tasks", "workers", "worker_slots"].map((name) => gauges.get(`airflow.queue.${name}.gpu`)),
    });
    const become = async (expected: ReturnType<typeof told>): Promise<void> => {
      await until("these numbers", () => JSON.stringify(told()) === JSON.stringify(expected), 30_000).catch(() => expect(told()).toEqual(expected));
    };
    const scaler = () => rest.call("GET", "/queues/gpu?executor=bullmq");

    await become({ executor: [15, 5, 0], queue: [0, 5, 0, 0, 0] });
    expect(await scaler()).toEqual({ queue: "gpu", scheduled: 0, queued: 5, running: 0, depth: 5, workers: 0, slots: 0 });

    const worker = await startWorker("gpu-1", "--queues", "gpu");
    await become({ executor: [15, 2, 3], queue: [0, 2, 3, 1, 3] });
    expect(await scaler()).toEqual({ queue: "gpu", scheduled: 0, queued: 2, running: 3, depth: 5, workers: 1, slots: 3 });

    await redis.stop();
    await until("no room without Redis", () => told().executor[0] === 0, 30_000);
    await redis.restart();
    await until("room again", () => told().executor[0] === 15, 30_000);

    writeFileSync(gateFile(installation, "end"), "");
    expect(await installation.untilRunsEnded("counted", 1, 30_000)).toEqual({ success: 1 });
    await worker.end("SIGTERM");
    // A gauge keeps what it was told last: that of a queue nobody uses any more is told once more.
    await become({ executor: [20, 0, 0], queue: [0, 0, 0, 0, 0] });
    expect(await scaler()).toMatchObject({ depth: 0, workers: 0 });
  },
);
