import type { LoadedDagFile } from "../engine.ts";

/**
 * Divides files into groups that can be recorded at once each, one group after the other, with the outcome of recording every file by itself in the given order: in no group is a file twice, or a DAG
 * of two files. Gives positions in `files`.
 */
export function inIndependentGroups(files: readonly LoadedDagFile[]): number[][] {
  const groups: number[][] = [];
  for (let waiting = [...files.keys()]; waiting.length > 0;) {
    const taken = new Set<string>();
    const group: number[] = [];
    const later: number[] = [];
    for (const index of waiting) {
      const names = namesOf(files[index]!);
      (names.some((name) => taken.has(name)) ? later : group).push(index);
      // Also what has to wait is taken: whoever comes after it and claims the same stays behind it.
      for (const name of names) taken.add(name);
    }
    groups.push(group);
    waiting = later;
  }
  return groups;
}

/** The file itself, and the DAGs it defines. */
function namesOf({ bundleName, relativePath, result }: LoadedDagFile): string[] {
  return [`file ${bundleName}\0${relativePath}`, ...(result.ok ? result.dags.map(({ dagId }) => `dag ${dagId}`) : [])];
}
