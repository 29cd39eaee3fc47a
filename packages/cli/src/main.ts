/** The `tradewind` program. */
import { CommanderError } from "commander";
import { exitCodeOf, formatError } from "./output/error-report.ts";
import { terminalOf } from "./output/terminal.ts";
import { EXIT } from "./exit-codes.ts";
import { createProgram } from "./program/program.ts";
import { readVersion } from "./version.ts";

// A reader that went away (`| head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  });
}

const wantsJson = (args: readonly string[]): boolean =>
  args.some((arg, index) => arg === "--output=json" || arg === "-ojson" || ((arg === "--output" || arg === "-o") && args[index + 1] === "json"));

try {
  await createProgram(readVersion()).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said everything already. Asked for help or version: fine; any other is a wrong command line.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const terminal = terminalOf(process.stderr, process.env);
    process.stderr.write(formatError(error, { json: wantsJson(process.argv), terminal, showStack: process.env["TRADEWIND_DEBUG"] === "1" }));
    process.exitCode = exitCodeOf(error);
  }
}
