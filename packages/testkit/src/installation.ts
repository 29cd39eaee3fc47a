import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase, type TestDatabase } from "@tradewind/metadata/testing";
import { onTestFinished } from "vitest";
import { freePort } from "./free-port.ts";
import { MetadataFacts } from "./metadata-facts.ts";
import { assertNoProcesses, killAll, processesOf } from "./processes.ts";
import { type Program, startProgram } from "./program.ts";
import { RestClient } from "./rest-client.ts";
import { until } from "./until.ts";

const HOST_PROGRAM = "runner/src/host-main.ts";
const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

/** Each service, and what it prints when it is ready. */
const READY = {
  scheduler: "the scheduler is ready",
  "api-server": "the REST API is ready",
  "dag-processor": "the DAG processor is ready",
  worker: "the worker is ready",
  standalone: "Tradewind is ready",
} as const;
export type ServiceName = keyof typeof READY;

/** Longer than all that the clean-up itself waits for: it must come to its end, where it kills what is left. */
const CLEAN_UP_TIMEOUT_MS = 240_000;

export const ADMIN_PASSWORD = "password of a test";
export const EXECUTION_SECRET_KEY = "signs tokens of hosts and attempts in tests";

export interface InstallationOptions {
  /** A migrated database. Default: one of its own. */
  databaseUrl?: string;
  /** Settings by their environment names, `TRADEWIND__…`. */
  env?: Record<string, string>;
}

/** A whole Tradewind of real processes for one test: a database, a folder of DAGs, and the services that the test starts, stops and kills. */
export interface Installation {
  /** A folder for whatever the test or its DAGs want to keep. */
  readonly folder: string;
  readonly facts: MetadataFacts;
  readonly rest: RestClient;
  readonly executionApiUrl: string;
  /**
   * Starts a service, and resolves when it is ready.
   * @param machine services on different machines have homes, and so runner hosts, of their own. Default "a".
   * @param args further arguments of its command
   */
  start(service: ServiceName, machine?: string, args?: readonly string[]): Promise<Program>;
  /** Saves a DAG file. */
  saveDag(fileName: string, source: string): void;
  /** Waits until runs of these DAGs can be started. */
  untilKnown(...dagIds: string[]): Promise<void>;
  /** Waits until so many runs of DAGs with this prefix have ended, and gives how many ended in which state. */
  untilRunsEnded(dagIdPrefix: string, count: number, timeoutMs: number): Promise<Record<string, number>>;
}

/**
 * Makes an installation; no service runs yet. When the test has ended everything is stopped in order (SIGTERM), and a process that is left, wherever it has gone, fails the test.
 */
export async function makeInstallation(options: InstallationOptions = {}): Promise<Installation> {
  // Short: sockets have their place below it.
  const folder = mkdtempSync(join(tmpdir(), "tw-e2e-"));
  const programs: Program[] = [];
  const opened: { facts?: MetadataFacts } = {};
  let database: TestDatabase | undefined;
  onTestFinished(async () => {
    try {
      await endAll(folder, programs);
    } finally {
      killAll(processesOf(folder));
      await opened.facts?.close();
      await database?.drop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }
  }, CLEAN_UP_TIMEOUT_MS);

  if (options.databaseUrl === undefined) database = await createTestDatabase();
  const databaseUrl = options.databaseUrl ?? database!.url;
  const facts = new MetadataFacts(databaseUrl);
  opened.facts = facts;
  const [apiPort, executionPort] = [await freePort(), await freePort()];
  const dagFolder = join(folder, "dags");
  // Author code inherits the folder for temporary files, so that its processes are known by it too.
  for (const name of ["dags", "tmp"]) mkdirSync(join(folder, name));
  const env = { ...environment(folder, { databaseUrl, apiPort, executionPort }), ...options.env };

  return {
    folder,
    facts,
    rest: new RestClient(`http://127.0.0.1:${apiPort}`, ADMIN_PASSWORD),
    executionApiUrl: `http://127.0.0.1:${executionPort}/execution/v1`,
    async start(service, machine = "a", args = []) {
      const program = startProgram(service, [CLI, service, ...args], { cwd: folder, env: { ...env, TRADEWIND_HOME: join(folder, machine) } });
      programs.push(program);
      await program.printed(READY[service]);
      return program;
    },
    saveDag(fileName, source) {
      // As editors do: complete or not at all.
      const draft = join(folder, "tmp", fileName);
      writeFileSync(draft, source);
      renameSync(draft, join(dagFolder, fileName));
    },
    async untilKnown(...dagIds) {
      await until(`the DAGs ${dagIds.join(", ")}`, async () => {
        const known = await facts.dagIds();
        return dagIds.every((dagId) => known.includes(dagId));
      });
    },
    async untilRunsEnded(dagIdPrefix, count, timeoutMs) {
      const counts = async (): Promise<Record<string, number>> =>
        Object.fromEntries([...Map.groupBy(await facts.runs(dagIdPrefix), (run) => run.state)].map(([state, runs]) => [state, runs.length]));
      return until(
        `${count} ended runs of ${dagIdPrefix}…`,
        async () => {
          const found = await counts();
          return (found["success"] ?? 0) + (found["failed"] ?? 0) >= count && found;
        },
        timeoutMs,
      ).catch(async (error: unknown) => {
        const told = programs.map((program) => `${program.name} (${program.ending() ?? "running"}):\n${program.output().slice(-3_000)}`);
        throw new Error(
          `${String(error)}; there are ${JSON.stringify(await counts())}, leases ${JSON.stringify(await facts.leases())}, open transactions ${JSON.stringify(await facts.openTransactions())}\n${told.join("\n")}\n${hostLogs(folder)}`,
          { cause: error },
        );
      });
    },
  };
}

function environment(folder: string, place: { databaseUrl: string; apiPort: number; executionPort: number }): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith("TRADEWIND") && !name.startsWith("VITEST") && name !== "NODE_OPTIONS" && name !== "NODE_ENV",
    ),
  );
  return {
    ...inherited,
    TMPDIR: join(folder, "tmp"),
    TRADEWIND__DATABASE__URL: place.databaseUrl,
    TRADEWIND__API__PORT: String(place.apiPort),
    TRADEWIND__EXECUTION_API__PORT: String(place.executionPort),
    TRADEWIND__EXECUTION_API__SECRET_KEY: EXECUTION_SECRET_KEY,
    TRADEWIND__SECURITY__ADMIN_PASSWORD: ADMIN_PASSWORD,
    TRADEWIND__DAGS__FOLDERS: JSON.stringify([join(folder, "dags")]),
    TRADEWIND__LOGS__FORMAT: "json",
  };
}

/** Ends what the test left running, as an operator would, and looks whether anything is left. */
async function endAll(folder: string, programs: readonly Program[]): Promise<void> {
  // The one started last is ended first: tasks can report to the end.
  for (const program of programs.toReversed()) await program.end("SIGTERM");
  // Runner hosts outlive schedulers on purpose.
  for (const { pid } of processesOf(folder).filter(({ command }) => command.includes(HOST_PROGRAM))) process.kill(pid, "SIGTERM");
  await assertNoProcesses(folder).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${hostLogs(folder)}`, { cause: error });
  });
  // 143: a test asked it twice.
  const unclean = programs.filter((program) => !["code 0", "code 143", "SIGKILL"].includes(program.ending() ?? ""));
  if (unclean.length > 0)
    throw new Error(unclean.map((program) => `${program.name} ended with ${program.ending()}:\n${program.output().slice(-8_000)}`).join("\n"));
}

function hostLogs(folder: string): string {
  const paths = readdirSync(folder).map((machine) => join(folder, machine, "run", "local-host.log"));
  return paths
    .filter((path) => existsSync(path))
    .map((path) => `${path}:\n${readFileSync(path, "utf8").slice(-3_000)}`)
    .join("\n");
}
