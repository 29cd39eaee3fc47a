import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder } from "../systems/cache-folder.ts";

/** A file of its own for each time, outside of the repository. */
export function defaultResultsPath(startedAt: string): string {
  return join(cacheFolder(), "results", `${startedAt.replaceAll(":", "-")}.json`);
}

/** Complete or not at all: it is written again after each half of each shape. */
export async function writeResults(path: string, results: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(results, null, 2)}\n`);
  await rename(`${path}.new`, path);
}
