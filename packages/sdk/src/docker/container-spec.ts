import type { Json } from "@tradewind/core";
import type { TaskContext } from "../context.ts";

export interface DockerMount {
  /** A path of the engine's machine, or a volume's name; not for `tmpfs`. */
  source?: string;
  /** The path in the container. */
  target: string;
  /** Default `"bind"`. */
  type?: "bind" | "volume" | "tmpfs";
  readOnly?: boolean;
}

export interface ContainerOptions {
  image: string;
  command?: string | readonly string[];
  entrypoint?: readonly string[];
  env?: Record<string, string>;
  mounts?: readonly DockerMount[];
  memory?: number | string;
  cpus?: number;
  network?: string;
  workingDir?: string;
  user?: string;
  labels?: Record<string, string>;
  hostConfig?: Record<string, Json>;
}

/** The body of the API's "create container". */
export function containerSpec(options: ContainerOptions, ownLabels: Record<string, string>): Json {
  const { image, command, entrypoint, env = {}, mounts = [], memory, cpus, network, workingDir, user, labels, hostConfig } = options;
  const host = {
    Memory: memory === undefined ? undefined : readMemory(memory),
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    NetworkMode: network,
    Mounts: mounts.map(({ source, target, type = "bind", readOnly = false }) => ({ Type: type, Source: source, Target: target, ReadOnly: readOnly })),
    ...hostConfig,
  };
  const spec = {
    Image: image,
    Cmd: typeof command === "string" ? ["/bin/sh", "-c", command] : command,
    Entrypoint: entrypoint,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    WorkingDir: workingDir,
    User: user,
    Labels: { ...labels, ...ownLabels },
    HostConfig: host,
  };
  // Members that are undefined fall away.
  return JSON.parse(JSON.stringify(spec)) as Json;
}

/** Tell whose container it is: to people, and to a later try. */
export function containerLabels({ dag, run, task, attempt }: TaskContext): Record<string, string> {
  return {
    "tradewind.dag_id": dag.dagId,
    "tradewind.run_id": run.runId,
    "tradewind.task_id": task.taskId,
    "tradewind.map_index": String(task.mapIndex),
    "tradewind.attempt_id": attempt.id,
  };
}

const UNIT_BYTES: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes, as Docker reads them: `"512m"`, `"2g"`. undefined: it can't be read. */
export function readMemory(memory: number | string): number | undefined {
  if (typeof memory === "number") return Number.isSafeInteger(memory) && memory > 0 ? memory : undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([bkmg])(?:i?b)?$/i.exec(memory.trim()) ?? [];
  return amount === undefined ? undefined : Math.round(Number(amount) * UNIT_BYTES[unit!.toLowerCase()]!);
}
