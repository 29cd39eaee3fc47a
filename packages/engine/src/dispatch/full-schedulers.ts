/**
 * Which schedulers of this process had no room for another attempt when they last looked, so that neither they nor the database are asked for nothing. Whatever ends attempts says so; what
 * other processes end, their wake-ups say.
 */
export interface FullSchedulers {
  /** Before a look; the answer is given to `note` with what it found. */
  beginLook(): number;
  /** What a dispatch found. Room that was noted since it began counts for more. */
  note(schedulerId: string, bounds: SchedulerBounds, found: { isFull: boolean; beganAt: number }): void;
  /** Attempts of these ended, and their places were not taken; null: of anybody. */
  noteRoom(schedulerIds: readonly string[] | null): void;
  isFull(schedulerId: string, bounds: SchedulerBounds): boolean;
  areAllFull(): boolean;
}

/** What a scheduler is full by. */
export interface SchedulerBounds {
  parallelism: number;
  /** Executors whose queued attempts do not count. */
  away: readonly string[];
}

interface Found {
  isFull: boolean;
  bounds: string;
  atMs: number;
}

function keyOf({ parallelism, away }: SchedulerBounds): string {
  return [parallelism, ...away].join(" ");
}

/** @param believedForMs for so long a scheduler that was full is believed to be: what is missed costs no more than this */
export function createFullSchedulers({ now, believedForMs }: { now: () => Date; believedForMs: number }): FullSchedulers {
  const known = new Map<string, Found>();
  let said = 0;
  let roomSaidAt = 0;
  const holds = ({ isFull, atMs }: Found): boolean => isFull && now().getTime() - atMs < believedForMs;
  return {
    beginLook: () => said,
    note(schedulerId, bounds, { isFull, beganAt }) {
      known.set(schedulerId, { isFull: isFull && roomSaidAt <= beganAt, bounds: keyOf(bounds), atMs: now().getTime() });
    },
    noteRoom(schedulerIds) {
      if (schedulerIds?.length === 0) return;
      roomSaidAt = ++said;
      for (const schedulerId of schedulerIds ?? known.keys()) {
        const found = known.get(schedulerId);
        if (found !== undefined) found.isFull = false;
      }
    },
    isFull(schedulerId, bounds) {
      const found = known.get(schedulerId);
      return found !== undefined && found.bounds === keyOf(bounds) && holds(found);
    },
    areAllFull: () => [...known.values()].every(holds),
  };
}
