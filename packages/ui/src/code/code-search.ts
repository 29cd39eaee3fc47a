/** What the code page shows: a version, or what changed since another one. */
export interface CodeSearch {
  /** Absent: the latest. */
  version?: number;
  /** The version that it is compared with. */
  compare?: number;
}

export function readCodeSearch({ version, compare }: Record<string, unknown>): CodeSearch {
  return {
    ...(isVersion(version) ? { version } : {}),
    ...(isVersion(compare) && compare !== version ? { compare } : {}),
  };
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
