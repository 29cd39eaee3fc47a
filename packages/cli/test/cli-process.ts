import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface CliOptions {
  home: string;
  env?: Record<string, string>;
}

/** A directory for one installation; what still runs on it when the test ends is killed. */
export function makeHome(): string {
  // Short: a socket has its place below it.
  const home = mkdtempSync(join(tmpdir(), "tw-cli-"));
  onTestFinished(async () => {
    for (const { pid } of processesOf(home)) process.kill(pid, "SIGKILL");
    await until("the processes of the test to be gone", () => processesOf(home).length === 0);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
  return home;
}

function environment({ home, env }: CliOptions): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("TRADEWIND") && name !== "NODE_OPTIONS" && name !== "FORCE_COLOR"),
  );
  return { ...inherited, TRADEWIND_HOME: join(home, "tw"), ...env };
}

export function startCli(args: readonly string[], options: CliOptions & { detached?: boolean }): ChildProcess & { pid: number; output(): string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.home,
    env: environment(options),
    stdio: ["ignore", "pipe", "pipe"],
    detached: options.detached,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return Object.assign(child, { pid: child.pid!, output: () => output });
}

/** Runs one command to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: options.home, env: environment(options), stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

/** Runs a command whose answer is JSON, and which must succeed. */
export async function askCli<T>(args: readonly string[], options: CliOptions): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, "--output", "json"], options);
  if (code !== 0) throw new Error(`tradewind ${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Every living process with the home in its environment or on its command line, however far it has gone from the one that was started. */
export function processesOf(home: string): { pid: number; command: string }[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const isOurs = command.includes(home) || readFileSync(`/proc/${entry}/environ`, "utf8").includes(home);
      // A zombie has ended; its command line is empty.
      return isOurs && command !== "" ? [{ pid: Number(entry), command }] : [];
    } catch {
      return [];
    }
  });
}

/** Waits for a condition, with a deadline. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  for (const giveUpAt = performance.now() + timeoutMs; ;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(50);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
