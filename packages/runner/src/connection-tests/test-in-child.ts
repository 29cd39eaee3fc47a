import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { ConnectionValue } from "@tradewind/contract";
import { killGroup } from "../host/child-process.ts";

const CHILD_MAIN = fileURLToPath(new URL("./child-main.ts", import.meta.url));
/** Beyond its own time limit: a child that has not answered by then is killed. */
const GRACE_MS = 5_000;

export interface ConnectionTestOptions {
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  memoryLimitMb?: number | null;
  /** Kills the process. */
  signal?: AbortSignal;
  onSpawned?: (pid: number) => void;
}

/** As Airflow's answer to a test of a connection. */
export interface ConnectionTestOutcome {
  status: boolean;
  message: string;
}

/** Tries a connection in a process of its own, which gets the connection on its standard input. That it does not work is an answer, and so is that the process fails. */
export async function testConnectionInChild(
  connection: ConnectionValue,
  { env, timeoutMs, memoryLimitMb = null, signal, onSpawned }: ConnectionTestOptions,
): Promise<ConnectionTestOutcome> {
  const heap = memoryLimitMb === null ? [] : [`--max-old-space-size=${memoryLimitMb}`];
  const child = spawn(process.execPath, [...heap, "--no-warnings=ExperimentalWarning", CHILD_MAIN], {
    stdio: ["pipe", "pipe", "ignore"],
    env,
    // With all that a client may start, it can be killed as a group.
    detached: true,
  });
  const { pid } = child;
  const kill = (): void => {
    if (pid !== undefined) killGroup(pid, "SIGKILL");
  };
  if (pid !== undefined) onSpawned?.(pid);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs + GRACE_MS);
  if (signal?.aborted === true) kill();
  signal?.addEventListener("abort", kill, { once: true });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      // What it started goes with it.
      kill();
      resolve();
    });
    child.once("error", () => resolve());
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify({ connection, timeoutMs }));
  try {
    const [answer] = await Promise.all([text(child.stdout), ended]);
    return JSON.parse(answer) as ConnectionTestOutcome;
  } catch {
    const how = isLate ? `had no answer within ${(timeoutMs + GRACE_MS) / 1000} s, and was ended` : `ended without an answer (${exitOf(child)})`;
    return { status: false, message: `The process of the test ${how}.` };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
}

function exitOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exit code ${exitCode ?? "unknown"}` : signalCode;
}
