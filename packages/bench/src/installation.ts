import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate, startEmbeddedPostgres } from "@tradewind/metadata";
import pg from "pg";

export const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const READY = /Tradewind is ready at|the REST API is ready/;

/** A whole Tradewind of its own: PostgreSQL (fsync on), standalone as a real process, an empty DAG folder. */
export interface Installation {
  readonly pid: number;
  /** Everything of it is below this folder. */
  readonly folder: string;
  /** `TRADEWIND_HOME` of its services. */
  readonly home: string;
  readonly dagsFolder: string;
  readonly executionApiUrl: string;
  readonly url: string;
  /** Reads the metadata database. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Calls the REST API, or a read model of the user interface (`/ui/…`); throws on any status but 2xx. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** `api-server`: nothing but the REST API, on what is in the database. Default standalone. */
  service?: "standalone" | "api-server";
  env?: Record<string, string>;
  /** Starts what the services need, with its files below the folder; gives further settings. */
  before?: (folder: string) => Promise<Record<string, string>>;
}

export async function startInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-bench-"));
  const home = join(folder, "tradewind");
  const dagsFolder = join(folder, "dags");
  await mkdir(dagsFolder);
  const postgres = await startEmbeddedPostgres({ directory: join(folder, "postgres") });
  const found = (await options.before?.(folder)) ?? {};
  const [port, executionPort] = [await freePort(), await freePort()];
  const isAlone = options.service === "api-server";
  if (isAlone) await migrate({ url: postgres.url });
  const command = isAlone ? ["api-server", "--apps", "api"] : ["standalone", "--no-examples", "--dags", dagsFolder];
  const child = spawn(process.execPath, [CLI, ...command, "--port", String(port)], {
    env: {
      ...process.env,
      TRADEWIND_HOME: home,
      TRADEWIND__DATABASE__URL: postgres.url,
      TRADEWIND__EXECUTION_API__PORT: String(executionPort),
      TRADEWIND__DAGS__FOLDERS: JSON.stringify([dagsFolder]),
      TRADEWIND__LOGS__LEVEL: isAlone ? "info" : "warn",
      ...options.env,
      ...found,
    },
    // An API server says in its log that it is ready.
    stdio: ["ignore", "pipe", isAlone ? "pipe" : "inherit"],
  });
  await untilReady(child);
  const url = `http://127.0.0.1:${port}`;
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const token = await logIn(url, join(home, "admin-password"));
  return {
    pid: child.pid!,
    folder,
    home,
    dagsFolder,
    executionApiUrl: `http://127.0.0.1:${executionPort}`,
    url,
    query: async (text, values) => (await pool.query(text, values)).rows,
    async request(method, path, body) {
      const response = await fetch(path.startsWith("/ui/") ? `${url}${path}` : `${url}/api/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as never;
    },
    async close() {
      await pool.end();
      await stop(child);
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(child: ChildProcess): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it was not ready after ${READY_TIMEOUT_MS} ms:\n${output}`)), READY_TIMEOUT_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output = `${output}${text}`.slice(-10_000);
        if (!READY.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    }
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it was ready:\n${output}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await ended;
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
