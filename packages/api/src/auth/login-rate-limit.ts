export interface LoginRateLimit {
  /** Seconds to wait before the next try is looked at; 0: go on. */
  waitSeconds(key: string, nowMs: number): number;
  recordFailure(key: string, nowMs: number): void;
  recordSuccess(key: string): void;
  /** The last failure was none; the others stay. */
  takeBack(key: string): void;
}

const MAX_KEYS = 10_000;

/**
 * Failed log-ins by key (user and address): `tries` in `windowMs`, then none until the oldest of them is that long ago. In memory, so each server counts for itself; bounded, and when
 * it is full the key that failed longest ago is forgotten first.
 */
export function createLoginRateLimit({ tries, windowMs }: { tries: number; windowMs: number }): LoginRateLimit {
  const failures = new Map<string, number[]>();
  const recent = (key: string, nowMs: number): number[] => (failures.get(key) ?? []).filter((at) => at > nowMs - windowMs);

  return {
    waitSeconds(key, nowMs) {
      const kept = recent(key, nowMs);
      if (kept.length < tries) return 0;
      return Math.max(1, Math.ceil((kept[kept.length - tries]! + windowMs - nowMs) / 1000));
    },
    recordFailure(key, nowMs) {
      const kept = [...recent(key, nowMs), nowMs].slice(-tries);
      failures.delete(key);
      failures.set(key, kept);
      const oldest = failures.keys().next();
      if (failures.size > MAX_KEYS && oldest.done !== true) failures.delete(oldest.value);
    },
    recordSuccess(key) {
      failures.delete(key);
    },
    takeBack(key) {
      failures.get(key)?.pop();
    },
  };
}
