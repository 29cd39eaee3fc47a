import { parseDuration } from "@tradewind/core";
import { type Command, InvalidArgumentError, Option } from "commander";
import { OUTPUT_FORMATS, type OutputFormat } from "../output/output.ts";

/** Every command that answers with data. */
export interface OutputOptions {
  output: OutputFormat;
}

/** Every command that talks to a running Tradewind. */
export interface ServerOptions extends OutputOptions {
  url?: string;
}

export function withOutput(command: Command): Command {
  return command.addOption(new Option("-o, --output <format>", "for people, or for programs").choices([...OUTPUT_FORMATS]).default("table"));
}

export function withServer(command: Command): Command {
  return withOutput(command).option("--url <url>", "address of the server (default: the running one of this installation; TRADEWIND_API_URL)");
}

/** Examples below the help of a command. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  $ tradewind ${line}`).join("\n")}`);
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number of 1 or more.");
  return value;
}

/** Of an instance of a mapped task, from 0. */
export function mapIndex(text: string): number {
  return positiveInteger(String(Number(text) + 1)) - 1;
}

/** Names with commas between. */
export function list(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new InvalidArgumentError("Expected names with commas between, such as default,gpu.");
  return names;
}

/** A length of time such as 30s, in milliseconds. */
export function duration(text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected a length of time such as 30s or 5m: ${(error as Error).message}`);
  }
}

export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError("Expected a port: 0 to 65535.");
  return value;
}

/** An ISO date or instant; a date alone, and an instant without zone, are UTC. */
export function instant(text: string): Date {
  const hasTime = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const zoned = hasTime?.[1] !== undefined && hasTime[4] === undefined ? `${text}Z` : text;
  const value = new Date(zoned.replace(" ", "T"));
  if (hasTime === null || Number.isNaN(value.getTime()))
    throw new InvalidArgumentError("Expected a date such as 2026-01-31, or an instant such as 2026-01-31T06:00:00Z.");
  return value;
}

export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected a JSON object: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidArgumentError('Expected a JSON object, such as {"day": "2026-01-31"}.');
  return value as Record<string, unknown>;
}

type Body = (...args: never[]) => unknown;

/** Loads a command's code when it is called. What it answers is the exit code; nothing means 0. */
export function lazily<K extends string>(load: () => Promise<{ [name in K]: Body }>, name: K): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const body = (await load())[name] as (...args: unknown[]) => unknown;
    const answer = await body(...args);
    process.exitCode = typeof answer === "number" ? answer : 0;
  };
}
