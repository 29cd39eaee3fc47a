import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ConnectionTester, ConnectionToTest } from "@tradewind/api";

const CHILD = join(import.meta.dirname, "connection-test-child.ts");
const TIMEOUT_MS = 15_000;
/** Beyond its own time limit: a child that has not answered by then is killed. */
const GRACE_MS = 5_000;
/** Each is a process. */
const MOST_AT_ONCE = 4;

let running = 0;

/** Tries a connection in a child process, with a time limit. */
export const testInChild: ConnectionTester = async (connection) => {
  if (running >= MOST_AT_ONCE) return { status: false, message: "Too many connections are being tested at the moment. Try again in a few seconds." };
  running += 1;
  try {
    return await askChild(connection);
  } finally {
    running -= 1;
  }
};

async function askChild(connection: ConnectionToTest): Promise<{ status: boolean; message: string }> {
  const child = spawn(process.execPath, ["--no-warnings=ExperimentalWarning", CHILD], { stdio: ["pipe", "pipe", "ignore"], env: childEnv() });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS + GRACE_MS);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify({ connection, timeoutMs: TIMEOUT_MS }));
  try {
    const [answer] = await Promise.all([text(child.stdout), ended]);
    return JSON.parse(answer) as { status: boolean; message: string };
  } catch {
    return { status: false, message: `The test ended without an answer within ${(TIMEOUT_MS + GRACE_MS) / 1000} s.` };
  } finally {
    clearTimeout(timer);
  }
}

/** What the clients of cloud services look for may stay; the settings and secrets of this installation are none of the child's business. */
function childEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TRADEWIND_")));
}
