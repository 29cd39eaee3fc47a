import { join } from "node:path";
import { takeOwnerFile } from "./owner-file.ts";

/** A worker's place for bundles, caches and the list of its child processes. */
export interface WorkerFolder {
  path: string;
  release: () => void;
}

/**
 * The first folder below `<home>/workers` that no living worker has. One that a killed worker had is taken over, with what it left behind: its bundles are of use, and its child processes
 * are ended.
 */
export async function takeWorkerFolder(home: string): Promise<WorkerFolder> {
  for (let number = 1; ; number++) {
    const path = join(home, "workers", String(number));
    const taken = await takeOwnerFile(join(path, "owner.json"));
    if ("release" in taken) return { path, release: taken.release };
  }
}
