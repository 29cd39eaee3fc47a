import { writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { exitCodeOf, formatError } from "../output/error-report.ts";
import { terminalOf } from "../output/terminal.ts";
import { type Installation, openInstallation } from "./installation.ts";

/**
 * V8 grows the space of young objects to 48 MB and more under load and hardly gives it back. A service has nothing from that: after 10,000 tasks it holds 100 MB less without.
 * V8 reads this flag each time it would grow the space, which is why it can be set in a process that runs.
 */
const KEEP_YOUNG_HEAP_SMALL = "--semi-space-growth-factor=1";

/**
 * Runs a long-running command: its start, and then until it is stopped. When the start fails, what had been started is stopped in order, and the error is told last, where it is seen.
 * @param overrides what the command's options say, by dotted key
 */
export async function runService(
  component: string,
  overrides: Record<string, unknown>,
  start: (installation: Installation) => Promise<void>,
): Promise<void> {
  setFlagsFromString(KEEP_YOUNG_HEAP_SMALL);
  const installation = await openInstallation(component, overrides);
  const { shutdown } = installation;
  try {
    await start(installation);
  } catch (error) {
    // A stop that came during the start is no failure, and is under way.
    if (!shutdown.signal.aborted) {
      const text = formatError(error, {
        json: false,
        terminal: terminalOf(process.stderr, process.env),
        showStack: process.env["TRADEWIND_DEBUG"] === "1",
      });
      process.once("exit", () => writeSync(process.stderr.fd, text));
      await shutdown.shutDown("the start failed", exitCodeOf(error));
    }
  }
  // The signal handlers end the process.
  await new Promise<never>(() => undefined);
}
