import { errorMessage, isTradewindError } from "@tradewind/core";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { paint, type Terminal } from "./terminal.ts";

/** The exit code that an error gives. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (!isTradewindError(error)) return EXIT.failed;
  if (error.code === "invalid_config" || error.status === 400 || error.status === 422) return EXIT.usage;
  if (error.code === "database_unavailable") return EXIT.unreachable;
  if (error.status === 401 || error.status === 403) return EXIT.denied;
  if (error.status === 404) return EXIT.notFound;
  return EXIT.failed;
}

/** An error as one readable paragraph, or as JSON for programs. A fault of ours comes with its stack: somebody has to mend it. */
export function formatError(error: unknown, options: { json: boolean; terminal: Pick<Terminal, "hasColours">; showStack: boolean }): string {
  const known = isTradewindError(error);
  const hint = error instanceof CliError ? error.hint : null;
  if (options.json) {
    const details = known && Object.keys(error.details).length > 0 ? { details: error.details } : {};
    return `${JSON.stringify({ error: { code: known ? error.code : "internal", message: errorMessage(error), ...(hint === null ? {} : { hint }), ...details } })}\n`;
  }
  const lines = [`${paint(options.terminal, "red", "Error:")} ${errorMessage(error)}`];
  if (hint !== null) lines.push(hint);
  const isOurFault = !known || error.code === "internal";
  if ((isOurFault || options.showStack) && error instanceof Error && error.stack !== undefined)
    lines.push(paint(options.terminal, "dim", stackOf(error)));
  return `${lines.join("\n")}\n`;
}

function stackOf(error: Error): string {
  const stack = (error.stack ?? "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .join("\n");
  return error.cause instanceof Error ? `${stack}\nCaused by: ${error.cause.stack ?? error.cause.message}` : stack;
}
