import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateFernetKey, migrate } from "@tradewind/metadata";
import type { ProcessUsage } from "../measure/processes.ts";
import { writeTradewindFile } from "../workload/tradewind-files.ts";
import { startDatabaseServer } from "./database-server.ts";
import { openResources } from "./open-resources.ts";
import { restClient } from "./rest-client.ts";
import { freePort, type ServiceProcess, startService, untilReady } from "./service-process.ts";
import type { System, SystemSetup } from "./system.ts";

export const CLI = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

export interface TradewindSystem extends System {
  readonly kind: "tradewind";
  /** `TRADEWIND_HOME` of the control plane. */
  readonly home: string;
  readonly executionApiUrl: string;
  /** Process id of the control plane. */
  readonly pid: number;
  /** What its services were started with. */
  readonly env: NodeJS.ProcessEnv;
}

export interface TradewindOptions extends SystemSetup {
  /** `api-server`: nothing but the REST API, on what is in the database. Default standalone. */
  service?: "standalone" | "api-server";
  env?: Record<string, string>;
  /** Starts what the services need, with its files below the folder; gives further settings. */
  before?: (folder: string) => Promise<Record<string, string>>;
}

/** A whole Tradewind: PostgreSQL, `standalone` as a real process with default settings where the setup says nothing, an empty DAG folder; further schedulers as processes of their own. */
export async function startTradewind(options: TradewindOptions = {}): Promise<TradewindSystem> {
  const resources = openResources();
  try {
    const folder = await mkdtemp(join(tmpdir(), "tradewind-bench-"));
    resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    const database = await startDatabaseServer(join(folder, "postgres"));
    resources.defer(() => database.close());
    await migrate({ url: database.server.url });
    const place = {
      folder,
      home: join(folder, "tradewind"),
      dagsFolder: join(folder, "dags"),
      port: await freePort(),
      executionPort: await freePort(),
    };
    await mkdir(place.dagsFolder);
    const env = { ...environment(place, database.server.url, options), ...options.env, ...(await options.before?.(folder)) };
    const startedAt = performance.now();
    const services = await startServices(place, env, options, (service) => resources.defer(() => service.stop()));
    const startSeconds = (performance.now() - startedAt) / 1000;
    const url = `http://127.0.0.1:${place.port}`;
    const request = restClient(url, await logIn(url, join(place.home, "admin-password")));
    return {
      kind: "tradewind",
      ...place,
      env,
      pid: services[0]!.pid,
      executionApiUrl: `http://127.0.0.1:${place.executionPort}`,
      startSeconds,
      sql: SQL,
      gridPaths: (dagId, runs) => [`/ui/grid/${dagId}?limit=${runs}`],
      fileName: ({ name }) => `${name}.ts`,
      write: writeTradewindFile,
      roots: () => [
        ...services.map(({ pid, name }) => ({ pid, partOf: (usage: ProcessUsage) => partOf(usage, pid, name) })),
        { pid: database.server.pid, partOf: () => "postgres" },
      ],
      query: database.query,
      request,
      createPool: async ({ name, slots }) => void (await request("POST", "/api/v2/pools", { name, slots })),
      close: () => resources.close(),
    };
  } catch (error) {
    await resources.close();
    throw error;
  }
}

const SQL = {
  tasks: `select ti.dag_run_id as run_key, ti.dag_id, ti.task_id, ti.state, ti.start_date as started, ti.end_date as ended from task_instance ti`,
  runs: `select id as run_key, dag_id, state, queued_at as queued, run_after, start_date as started, end_date as ended from dag_run`,
  knownDags: "select dag_id from dag where not is_stale",
  importErrors: "select message as problem from import_error",
  failures:
    "select dag_id || '/' || task_id || ': ' || coalesce(failure->>'message', state_reason, 'without a reason') as problem from task_instance where state = 'failed'",
};

interface Place {
  readonly folder: string;
  readonly home: string;
  readonly dagsFolder: string;
  readonly port: number;
  readonly executionPort: number;
}

function environment(place: Place, databaseUrl: string, { slots, atOnce, processPerTask, service }: TradewindOptions): Record<string, string> {
  return {
    ...(process.env as Record<string, string>),
    TRADEWIND__DATABASE__URL: databaseUrl,
    TRADEWIND__EXECUTION_API__PORT: String(place.executionPort),
    TRADEWIND__DAGS__FOLDERS: JSON.stringify([place.dagsFolder]),
    TRADEWIND__LOGS__LEVEL: service === "api-server" ? "info" : "warn",
    // Further schedulers have homes of their own, and must be believed.
    TRADEWIND__SECURITY__FERNET_KEY: generateFernetKey(),
    TRADEWIND__EXECUTION_API__SECRET_KEY: "signs the tokens of a benchmark's runner hosts",
    // The bench makes thousands of runs as one user.
    TRADEWIND__API__CHANGES_PER_MINUTE: "10000000",
    ...(slots === undefined ? {} : { TRADEWIND__LOCAL_EXECUTOR__SLOTS: String(slots), TRADEWIND__SCHEDULER__PARALLELISM: String(slots) }),
    ...(atOnce === undefined ? {} : { TRADEWIND__SCHEDULER__PARALLELISM: String(atOnce), TRADEWIND__SCHEDULER__DEFAULT_POOL_SLOTS: String(atOnce) }),
    ...(processPerTask ? { TRADEWIND__LOCAL_EXECUTOR__CHILD_MAX_TASKS: "1" } : {}),
  };
}

const READY = /Tradewind is ready at|the REST API is ready|the scheduler is ready/;

async function startServices(
  place: Place,
  env: Record<string, string>,
  { service = "standalone", schedulers = 1 }: TradewindOptions,
  onStart: (service: ServiceProcess) => void,
): Promise<ServiceProcess[]> {
  const port = ["--port", String(place.port)];
  const command = service === "api-server" ? ["api-server", "--apps", "api", ...port] : ["standalone", "--no-examples", ...port];
  const start = (name: string, args: readonly string[], home: string, more: Record<string, string> = {}): ServiceProcess => {
    const started = startService({
      name,
      command: process.execPath,
      args: [CLI, ...args],
      env: { ...env, ...more, TRADEWIND_HOME: home },
      cwd: place.folder,
      logFile: join(place.folder, `${name.replaceAll(" ", "-")}.log`),
    });
    onStart(started);
    return started;
  };
  const first = start("control plane", command, place.home);
  await untilReady([first], () => READY.test(first.log()));
  const others = Array.from({ length: schedulers - 1 }, (_, index) =>
    // A scheduler says that it is ready in its log, at level info.
    start(`scheduler ${index + 2}`, ["scheduler"], join(place.folder, `home-${index + 2}`), { TRADEWIND__LOGS__LEVEL: "info" }),
  );
  await untilReady(others, () => others.every((other) => READY.test(other.log())));
  return [first, ...others];
}

/** Which part of an installation a process belongs to, by its command line. */
function partOf({ pid, command }: ProcessUsage, rootPid: number, service: string): string {
  if (pid === rootPid) return service;
  if (command.includes("host-main")) return "runner host";
  if (command.includes("child-main")) return "task children";
  return "other children";
}

async function logIn(url: string, passwordFile: string): Promise<string> {
  const password = (await readFile(passwordFile, "utf8")).trim();
  const response = await fetch(`${url}/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password }),
  });
  if (response.status !== 201) throw new Error(`could not log in: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
