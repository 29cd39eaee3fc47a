export interface PokeInterval {
  pokeIntervalMs: number;
  exponentialBackoff: boolean;
  /** The longest wait between two pokes, with backoff. */
  maxWaitMs: number | null;
}

export interface PokeMoment {
  dagId: string;
  taskId: string;
  /** When the first poke was, ISO 8601. */
  firstStartedAt: string;
  /** How many pokes there were, from 1. */
  pokeCount: number;
  /** What is left of the timeout. */
  remainingMs: number;
}

/**
 * How long to wait before the next poke. Never longer than what is left of the timeout, so that the last poke is at its end.
 *
 * With backoff, in whole seconds, by Airflow's rule: base = interval * 2^(n-2) after the nth poke, at least 1, and a jitter within [0, base) on top. It is taken from a digest of the poke's
 * identity, so that sensors that began together do not go on together, and asking again gives the same.
 */
export function nextPokeAfterMs({ pokeIntervalMs, exponentialBackoff, maxWaitMs }: PokeInterval, moment: PokeMoment): number {
  if (!exponentialBackoff) return Math.min(pokeIntervalMs, moment.remainingMs);
  const base = Math.max(1, Math.floor((pokeIntervalMs / 1000) * 2 ** (moment.pokeCount - 2)));
  const cap = Math.min(moment.remainingMs, maxWaitMs ?? Number.POSITIVE_INFINITY);
  // The jitter only adds. This also keeps the arithmetic below out of reach of an overflowed power.
  if (base * 1000 >= cap) return cap;
  return Math.min((base + jitter(moment, base)) * 1000, cap);
}

/** The digest of "dag#task#first start#poke" as one big number, modulo the base. */
function jitter({ dagId, taskId, firstStartedAt, pokeCount }: PokeMoment, base: number): number {
  // Loading Node's cryptography takes as long as a sixth of a start of a process, in each that has nothing to do with sensors.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const digest = createHash("sha1").update(`${dagId}#${taskId}#${firstStartedAt}#${pokeCount}`).digest("hex");
  return Number(BigInt(`0x${digest}`) % BigInt(base));
}
