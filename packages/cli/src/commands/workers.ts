import { setTimeout as sleep } from "node:timers/promises";
import { clientContext } from "../client/client-context.ts";
import type { WorkerDetailsResource, WorkerResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { Output } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { relativeTime, showDuration } from "../output/times.ts";
import type { ServerOptions } from "../program/options.ts";
import type { WorkerDrainOptions, WorkerListOptions } from "../program/worker-commands.ts";

const POLL_MS = 500;

const columns = (output: Output, now: Date): Column<WorkerResource>[] => [
  { title: "WORKER", value: (worker) => worker.name },
  { title: "STATE", value: (worker) => output.state(worker.state) },
  { title: "EXECUTOR", value: (worker) => worker.executor },
  { title: "QUEUES", value: queuesOf, mayBeCut: true },
  { title: "RUNNING", value: (worker) => worker.running, align: "right" },
  { title: "SLOTS", value: (worker) => worker.slots, align: "right" },
  { title: "HOST", value: (worker) => `${worker.hostname}:${worker.pid}` },
  { title: "VERSION", value: (worker) => worker.version },
  { title: "UP", value: (worker) => (worker.state === "offline" ? null : showDuration((now.getTime() - Date.parse(worker.started_at)) / 1000)) },
  { title: "HEARD OF", value: (worker) => relativeTime(worker.last_heartbeat, now) },
];

const queuesOf = (worker: WorkerResource): string => worker.queues?.join(", ") ?? "all";

export async function listWorkers({ state, queue, ...options }: WorkerListOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const workers = await client.list<WorkerResource>("/api/v2/workers", "workers", { state, queue });
  output.list(workers, columns(output, new Date()), { none: "There are no workers." });
}

export async function getWorker(name: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const worker = await client.get<WorkerDetailsResource>(path`/api/v2/workers/${name}`);
  const now = new Date();
  output.item(worker, [
    ["Worker", worker.name],
    ["Id", worker.host_id],
    ["State", output.state(worker.state)],
    ["Executor", worker.executor],
    ["Queues", queuesOf(worker)],
    ["Running", `${worker.running} of ${worker.slots}`],
    ["Host", `${worker.hostname}, process ${worker.pid}`],
    ["Version", worker.version],
    ["Started", relativeTime(worker.started_at, now)],
    ["Heard of", relativeTime(worker.last_heartbeat, now)],
  ]);
  if (output.isJson || worker.running_tasks.length === 0) return;
  output.out.write("\n");
  output.list(
    worker.running_tasks,
    [
      { title: "DAG", value: (task) => task.dag_id },
      { title: "RUN", value: (task) => task.dag_run_id },
      { title: "TASK", value: (task) => (task.map_index < 0 ? task.task_id : `${task.task_id} [${task.map_index}]`) },
      { title: "TRY", value: (task) => task.try_number, align: "right" },
      { title: "QUEUE", value: (task) => task.queue },
      { title: "STARTED", value: (task) => relativeTime(task.started_at, now) },
    ],
    { none: "" },
  );
}

export async function drainWorker(name: string, { wait, ...options }: WorkerDrainOptions): Promise<void> {
  const { client, output } = clientContext(options);
  let worker = await client.send<WorkerResource>("POST", path`/api/v2/workers/${name}/drain`, undefined);
  if (wait === undefined) {
    return output.done(`Worker "${worker.name}" takes nothing new, and may end what it runs (${worker.running}).`, worker);
  }
  const url = path`/api/v2/workers/${worker.host_id}`;
  for (const giveUpAt = performance.now() + wait; !isAtRest(worker);) {
    if (performance.now() > giveUpAt) {
      throw new CliError(
        "conflict",
        `Worker "${worker.name}" still has tasks at work (${worker.running}) after ${wait / 1000} seconds; it goes on draining.`,
        {
          hint: `See what runs with \`tradewind workers get ${worker.name}\`.`,
          exitCode: EXIT.failed,
        },
      );
    }
    await sleep(POLL_MS);
    worker = await client.get<WorkerDetailsResource>(url);
  }
  output.done(`Worker "${worker.name}" is ${worker.state}: it runs nothing.`, worker);
}

const isAtRest = ({ state, running }: WorkerResource): boolean => running === 0 && (state === "drained" || state === "offline");

export async function resumeWorker(name: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const worker = await client.send<WorkerResource>("POST", path`/api/v2/workers/${name}/resume`, undefined);
  output.done(`Worker "${worker.name}" takes tasks again.`, worker);
}

/** What waits for workers in a task queue of an executor. */
interface QueueResource {
  queue: string;
  executor: string;
  /** Ready, and held back by a limit or by the executor's room. */
  scheduled: number;
  queued: number;
  running: number;
  workers: number;
  slots: number;
}

export async function listQueues(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  // All of them, in one answer.
  const { queues } = await client.get<{ queues: QueueResource[] }>("/api/v2/queues");
  output.list(
    queues,
    [
      { title: "QUEUE", value: (queue) => queue.queue },
      { title: "EXECUTOR", value: (queue) => queue.executor },
      { title: "SCHEDULED", value: (queue) => queue.scheduled, align: "right" },
      { title: "QUEUED", value: (queue) => queue.queued, align: "right" },
      { title: "RUNNING", value: (queue) => queue.running, align: "right" },
      { title: "WORKERS", value: (queue) => queue.workers, align: "right" },
      { title: "SLOTS", value: (queue) => queue.slots, align: "right" },
    ],
    { none: "No task waits or runs, and no worker names a queue." },
  );
}
