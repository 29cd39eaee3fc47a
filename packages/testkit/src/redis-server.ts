import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** A real Redis of a test's own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it and starts it again with what it had on disk. */
  restart(how?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Sends a command and gives the raw answer. */
  ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

function findProgram(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  return folders.map((folder) => join(folder, "redis-server")).find((path) => existsSync(path));
}

let hasToldAbsence = false;

/**
 * Whether tests that need Redis can run. In CI they must: there it throws when the program is missing.
 * @example
 * describe.skipIf(!hasRedisServer())("over Redis", () => { … });
 */
export function hasRedisServer(): boolean {
  if (findProgram() !== undefined) return true;
  const message = "redis-server is not installed: tests that need it are left out. Install it, as in `apt-get install redis-server`.";
  if (process.env["CI"]) throw new Error(message);
  if (!hasToldAbsence) console.warn(message);
  hasToldAbsence = true;
  return false;
}

/** Starts a Redis that keeps what it has over a restart (AOF, written at once), as an installation would. @param dir for its files */
export async function startRedis(dir: string, options: { args?: readonly string[] } = {}): Promise<RedisServer> {
  const program = findProgram();
  if (program === undefined) throw new Error("redis-server is not installed.");
  await mkdir(dir, { recursive: true });
  const port = await freePort();
  const fixed = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always"];
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(program, [...fixed, "--maxmemory-policy", "noeviction", "--loglevel", "warning", ...(options.args ?? [])], { stdio: "ignore" });
    // Also an answer that refuses an unknown user is one.
    await until(`Redis on port ${port}`, async () => /PONG|NOAUTH/.test(await ask(port, "PING").catch(() => "")));
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    get pid() {
      return child.pid!;
    },
    async restart(how = "SIGTERM") {
      await end(how);
      await start();
    },
    ask: (command) => ask(port, command),
    stop: () => end("SIGKILL"),
  };
}

/** One inline command, one answer. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.setTimeout(5_000, () => socket.destroy(new Error(`Redis did not answer to ${command}`)));
    socket.once("data", (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
