import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { ProcessUsage } from "../measure/processes.ts";
import { writeAirflowFile } from "../workload/airflow-files.ts";
import type { AirflowEnvironment } from "./airflow-environment.ts";
import { airflowSettings, type AirflowTuning } from "./airflow-settings.ts";
import { startDatabaseServer } from "./database-server.ts";
import { openResources } from "./open-resources.ts";
import { restClient } from "./rest-client.ts";
import { freePort, type ServiceProcess, startService, untilReady } from "./service-process.ts";
import type { System, SystemSetup } from "./system.ts";

const run = promisify(execFile);
const MIGRATE_TIMEOUT_MS = 300_000;

/** A whole Airflow with the LocalExecutor: PostgreSQL, scheduler (or several), dag-processor and api-server as processes of their own. */
export async function startAirflow(environment: AirflowEnvironment, tuning: AirflowTuning, setup: SystemSetup = {}): Promise<System> {
  const resources = openResources();
  try {
    const folder = await mkdtemp(join(tmpdir(), "tradewind-bench-airflow-"));
    resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    const database = await startDatabaseServer(join(folder, "postgres"));
    resources.defer(() => database.close());
    const port = await freePort();
    const place = { home: join(folder, "airflow"), dagsFolder: join(folder, "dags"), databaseUrl: database.server.url, port };
    await mkdir(place.home);
    await mkdir(place.dagsFolder);
    const env = { ...inherited(environment), ...airflowSettings(place, setup, tuning) };
    await run(environment.program, ["db", "migrate"], { env, cwd: folder, timeout: MIGRATE_TIMEOUT_MS, maxBuffer: 2 ** 26 });

    const startedAt = performance.now();
    const services = startServices(environment, env, folder, setup.schedulers ?? 1, (service) => resources.defer(() => service.stop()));
    const url = `http://127.0.0.1:${port}`;
    await untilReady(services, () => isHealthy(url));
    const startSeconds = (performance.now() - startedAt) / 1000;
    const request = restClient(url, await logIn(url));
    return {
      kind: "airflow",
      folder,
      dagsFolder: place.dagsFolder,
      startSeconds,
      sql: SQL,
      gridPaths: (dagId, runs) => [`/ui/grid/structure/${dagId}?limit=${runs}`, `/ui/grid/runs/${dagId}?limit=${runs}`],
      fileName: ({ name }) => `${name}.py`,
      write: writeAirflowFile,
      roots: () => [
        ...services.map(({ pid, name }) => ({ pid, partOf: (usage: ProcessUsage) => partOf(usage, pid, name) })),
        { pid: database.server.pid, partOf: () => "postgres" },
      ],
      query: database.query,
      request,
      createPool: async ({ name, slots }) => void (await request("POST", "/api/v2/pools", { name, slots, include_deferred: false })),
      close: () => resources.close(),
    };
  } catch (error) {
    await resources.close();
    throw error;
  }
}

const RUN_OF_TASK = "join dag_run r on r.dag_id = ti.dag_id and r.run_id = ti.run_id";
const SQL = {
  tasks: `select r.id as run_key, ti.dag_id, ti.task_id, ti.state, ti.start_date as started, ti.end_date as ended from task_instance ti ${RUN_OF_TASK}`,
  runs: `select id as run_key, dag_id, state, queued_at as queued, run_after, start_date as started, end_date as ended from dag_run`,
  knownDags: "select dag_id from dag where not is_stale and exists (select from serialized_dag s where s.dag_id = dag.dag_id)",
  importErrors: "select filename || ': ' || stacktrace as problem from import_error",
  failures: "select dag_id || '/' || task_id || ': see its log' as problem from task_instance where state = 'failed'",
};

/** Nothing of another Airflow or Python project on this machine. */
function inherited({ bin }: AirflowEnvironment): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("AIRFLOW") && !name.startsWith("PYTHON") && name !== "VIRTUAL_ENV");
  return { ...Object.fromEntries(own), PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
}

function startServices(
  environment: AirflowEnvironment,
  env: NodeJS.ProcessEnv,
  folder: string,
  schedulers: number,
  onStart: (service: ServiceProcess) => void,
): ServiceProcess[] {
  const names = [
    "api-server",
    "dag-processor",
    ...Array.from({ length: schedulers }, (_, index) => (index === 0 ? "scheduler" : `scheduler ${index + 1}`)),
  ];
  return names.map((name) => {
    const service = startService({
      name,
      command: environment.program,
      args: [name.split(" ")[0]!, ...(name.startsWith("scheduler") ? ["--skip-serve-logs"] : [])],
      env,
      cwd: folder,
      logFile: join(folder, `${name.replaceAll(" ", "-")}.log`),
    });
    onStart(service);
    return service;
  });
}

interface Health {
  scheduler?: { status: string | null };
  dag_processor?: { status: string | null };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/v2/monitor/health`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) return false;
    const health = (await response.json()) as Health;
    return health.scheduler?.status === "healthy" && health.dag_processor?.status === "healthy";
  } catch {
    return false;
  }
}

async function logIn(url: string): Promise<string> {
  const response = await fetch(`${url}/auth/token`);
  if (!response.ok) throw new Error(`could not log in to Airflow: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

function partOf({ pid }: ProcessUsage, rootPid: number, service: string): string {
  if (pid === rootPid) return service;
  if (service.startsWith("scheduler")) return "task workers";
  return service === "dag-processor" ? "file parsers" : service;
}
