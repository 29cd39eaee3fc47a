/** Where an attempt belongs. None of it ever changes; the run itself may have moved to another version since. */
export interface AttemptPlace {
  taskInstanceId: number;
  dagRunId: number;
  dagVersionId: number;
  taskId: string;
  /** An earlier attempt of the task instance may have left something behind. */
  isRepeated: boolean;
}

/**
 * Where the attempts belong that this process handed out lately: what is going to be asked about them can be asked before the database has said so. Nothing is decided by it: an attempt that is
 * not known here costs a round trip more.
 */
export interface AttemptPlaces {
  note(attemptId: string, place: AttemptPlace): void;
  /** Those that are known. */
  of(attemptIds: readonly string[]): AttemptPlace[];
}

export function createAttemptPlaces({ most = 20_000 }: { most?: number } = {}): AttemptPlaces {
  const known = new Map<string, AttemptPlace>();
  return {
    note(attemptId, { taskInstanceId, dagRunId, dagVersionId, taskId, isRepeated }) {
      known.set(attemptId, { taskInstanceId, dagRunId, dagVersionId, taskId, isRepeated });
      if (known.size <= most) return;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        return;
      }
    },
    of: (attemptIds) => attemptIds.flatMap((attemptId) => known.get(attemptId) ?? []),
  };
}
