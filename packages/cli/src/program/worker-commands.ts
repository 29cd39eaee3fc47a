import { type Command, Option } from "commander";
import { duration, examples, lazily, type ServerOptions, withServer } from "./options.ts";

export interface WorkerListOptions extends ServerOptions {
  state?: string;
  queue?: string;
}

export interface WorkerDrainOptions extends ServerOptions {
  /** Milliseconds. */
  wait?: number;
}

export function addWorkerCommands(program: Command): void {
  const load = () => import("../commands/workers.ts");
  const workers = program.command("workers").description("workers: the processes that run tasks");
  withServer(workers.command("list").description("list workers: what they serve, and how busy they are"))
    .addOption(new Option("--state <state>", "only those in this state").choices(["running", "draining", "drained", "offline"]))
    .option("--queue <queue>", "only those that take tasks of this queue")
    .action(lazily(load, "listWorkers"));
  withServer(workers.command("get <worker>").description("show a worker, by its name or id, and what it runs")).action(lazily(load, "getWorker"));
  const drain = withServer(
    workers.command("drain <worker>").description("let a worker take nothing new; what runs may end, and the worker stays up for `resume`"),
  )
    .option("--wait <time>", "wait until nothing runs any more, at most so long", duration)
    .action(lazily(load, "drainWorker"));
  examples(drain, ["workers drain worker-1", "workers drain worker-1 --wait 10m"]);
  withServer(workers.command("resume <worker>").description("let a drained worker take tasks again")).action(lazily(load, "resumeWorker"));

  const queues = program.command("queues").description("task queues: what waits for workers, and who takes it");
  withServer(queues.command("list").description("list task queues that have work, or a living worker that names them")).action(
    lazily(load, "listQueues"),
  );
}
