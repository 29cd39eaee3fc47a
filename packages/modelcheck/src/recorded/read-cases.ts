import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the answers that Airflow gave are kept. */
export const RECORDED_FOLDER = join(import.meta.dirname, "../../../core/test/vectors/data");

/** Files whose cases are whole runs. */
export const RUN_FILES = ["runs.jsonl", "mapped-groups.jsonl", "depends-on-past.jsonl"] as const;
export type RunFile = (typeof RUN_FILES)[number];

export function readLines(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
}
