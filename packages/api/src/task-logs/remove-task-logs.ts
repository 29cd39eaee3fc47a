import { rm } from "node:fs/promises";
import { logPath } from "./log-path.ts";

/** Removes the logs of attempts that nobody can ask for any more. Gives how many there were. */
export async function removeTaskLogs({ dir, attemptIds }: { dir: string; attemptIds: readonly string[] }): Promise<number> {
  let removed = 0;
  for (const attemptId of attemptIds) {
    const isThere = await rm(logPath(dir, attemptId)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
    if (isThere) removed += 1;
  }
  return removed;
}
