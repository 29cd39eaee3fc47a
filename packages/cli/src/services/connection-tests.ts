import type { ConnectionTester } from "@tradewind/api";
import { testConnectionInChild } from "@tradewind/runner";

const TIMEOUT_MS = 15_000;
/** Each is a process. */
const MOST_AT_ONCE = 4;

let running = 0;

/** Tries a connection in a child of the API server, with a time limit. */
export const testInChild: ConnectionTester = async (connection) => {
  if (running >= MOST_AT_ONCE) return { status: false, message: "Too many connections are being tested at the moment. Try again in a few seconds." };
  running += 1;
  try {
    return await testConnectionInChild(connection, { env: childEnv(), timeoutMs: TIMEOUT_MS });
  } finally {
    running -= 1;
  }
};

/** What the clients of cloud services look for may stay; the settings and secrets of this installation are none of the child's business. */
function childEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TRADEWIND_")));
}
