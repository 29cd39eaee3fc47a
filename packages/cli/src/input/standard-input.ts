import { text } from "node:stream/consumers";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** What is piped in, without the newline at its end. A terminal would wait for ever for nobody. */
export async function readStandardInput(what: string): Promise<string> {
  if (process.stdin.isTTY) {
    throw new CliError("invalid_request", `${what} is missing.`, { exitCode: EXIT.usage, hint: "Give it as an argument, or on standard input." });
  }
  return (await text(process.stdin)).replace(/\r?\n$/, "");
}
