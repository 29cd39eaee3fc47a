/**
 * Which schedulers of this process had no room for another attempt when they last looked, so that they are not woken for nothing. Errs to room only, but for leases that other processes end:
 * those wake by themselves.
 */
export interface FullSchedulers {
  /** What a dispatch of this scheduler found. */
  note(schedulerId: string, isFull: boolean): void;
  /** Attempts of these ended, and their places were not taken. */
  noteRoom(schedulerIds: readonly string[]): void;
  isFull(schedulerId: string): boolean;
  areAllFull(): boolean;
}

export function createFullSchedulers(): FullSchedulers {
  const known = new Map<string, boolean>();
  return {
    note: (schedulerId, isFull) => void known.set(schedulerId, isFull),
    noteRoom(schedulerIds) {
      for (const schedulerId of schedulerIds) if (known.has(schedulerId)) known.set(schedulerId, false);
    },
    isFull: (schedulerId) => known.get(schedulerId) === true,
    areAllFull: () => [...known.values()].every(Boolean),
  };
}
