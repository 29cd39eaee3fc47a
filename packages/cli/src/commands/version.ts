import { processOutput } from "../output/output.ts";
import type { OutputOptions } from "../program/options.ts";
import { readVersion } from "../version.ts";

export function showVersion(options: OutputOptions): void {
  const version = readVersion();
  processOutput(options.output).done(version, { version });
}
