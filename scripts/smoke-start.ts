// Starts the product as a user does and stops it as a user does: `npm start`, ready, then SIGTERM to npm; again, then Ctrl-C. No process may stay.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 30_000;
const REPORT_WITHIN_MS = 60_000;
const READY = /ready at (http:\/\/\S+)/;

const root = join(import.meta.dirname, "..");
const home = mkdtempSync(join(tmpdir(), "tradewind-smoke-"));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Every process with our home directory in its environment or on its command line, however far it has gone from us. */
function processesOfThisRun(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      // A zombie is gone but for its parent's notice; its command line is empty.
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const isOurs = command.includes(home) || readFileSync(`/proc/${pid}/environ`, "utf8").includes(`TRADEWIND_HOME=${home}\0`);
      return isOurs && command !== "" ? [`${pid} ${command}`] : [];
    } catch {
      return []; // ended meanwhile, or another user's
    }
  });
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => Promise.reject(new Error(`${what} took longer than ${ms / 1000} s`)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

function startWithNpm(env: NodeJS.ProcessEnv) {
  // Its own process group, as a terminal gives one to each command.
  const npm = spawn("npm", ["start"], { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ended = new Promise<number | null>((resolve) => npm.once("close", resolve));
  const ready = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const url = READY.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    npm.stdout.on("data", read);
    npm.stderr.on("data", read);
    void ended.then((code) => reject(new Error(`npm start ended with exit code ${code} before it was ready`)));
  });
  return { npm, ended, ready, output: () => output };
}

/** The main job, by the commands of the README: lists the DAGs, runs the example on real data to its end. The command fails when the run does. */
async function runWeatherReport(env: NodeJS.ProcessEnv): Promise<void> {
  const tradewind = (...args: string[]) =>
    promisify(execFile)("npm", ["run", "-s", "tradewind", "--", ...args], { cwd: root, env, timeout: REPORT_WITHIN_MS });
  const { stdout: dags } = await tradewind("dags", "list", "--output", "json");
  if (!(JSON.parse(dags) as { dag_id: string }[]).some((dag) => dag.dag_id === "weather_report"))
    throw new Error(`weather_report is not among the DAGs:\n${dags}`);
  const startedAt = performance.now();
  await tradewind("dags", "trigger", "weather_report", "--wait");
  console.log(`weather_report: success, ${((performance.now() - startedAt) / 1000).toFixed(1)} s from the command to its end`);
}

async function startAndStop(name: string, stop: (npm: ChildProcess & { pid: number }) => void): Promise<void> {
  const [apiPort, executionPort] = [await freePort(), await freePort()];
  const env = { ...process.env, TRADEWIND_HOME: home, TRADEWIND__API__PORT: String(apiPort), TRADEWIND__EXECUTION_API__PORT: String(executionPort) };
  const startedAt = performance.now();
  const { npm, ended, ready, output } = startWithNpm(env);
  try {
    const url = await within(READY_WITHIN_MS, "getting ready", ready);
    const readyMs = performance.now() - startedAt;
    const health = await fetch(new URL("/api/v2/monitor/health", url));
    if (!health.ok) throw new Error(`the health page answered ${health.status}: ${await health.text()}`);
    await runWeatherReport(env);
    const stoppedAt = performance.now();
    stop(npm as ChildProcess & { pid: number });
    await within(STOPPED_WITHIN_MS, "stopping", ended);
    const stopMs = performance.now() - stoppedAt;
    const left = processesOfThisRun();
    if (left.length > 0) throw new Error(`still running after the stop:\n${left.join("\n")}`);
    console.log(`${name}: ready after ${(readyMs / 1000).toFixed(1)} s, stopped after ${(stopMs / 1000).toFixed(1)} s, no process left`);
  } catch (error) {
    console.log(output());
    throw error;
  } finally {
    ready.catch(() => {});
  }
}

try {
  await startAndStop("SIGTERM to npm", (npm) => npm.kill("SIGTERM"));
  await startAndStop("Ctrl-C", (npm) => process.kill(-npm.pid, "SIGINT"));
} catch (error) {
  console.log(`npm start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const line of processesOfThisRun()) process.kill(Number(line.split(" ")[0]), "SIGKILL");
  rmSync(home, { recursive: true, force: true });
}
