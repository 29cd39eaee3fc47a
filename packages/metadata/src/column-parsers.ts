import pg from "pg";

const typeIds = { int8: 20, int8Array: 1016, date: 1082, dateArray: 1182, timestamp: 1114 } as const;

type Parser = (text: string) => unknown;

/** Types are plain numbers on the wire; the declaration knows the built-in ones only. */
const builtInParser = pg.types.getTypeParser as unknown as (id: number, format?: "text" | "binary") => Parser;

/**
 * How values arrive from the server. `bigint` becomes a number, since our ids and counts stay far below 2^53; a larger one is refused rather than
 * rounded. `timestamptz` becomes a `Date` (as pg does). `date` stays text: it has no zone, and a `Date` would invent one.
 */
export const columnParsers: pg.CustomTypesConfig = {
  getTypeParser: ((id: number, format?: "text" | "binary") => {
    if (format !== "binary") {
      const own = ownParsers[id];
      if (own) return own;
    }
    return builtInParser(id, format);
  }) as typeof pg.types.getTypeParser,
};

const parseTextArray = builtInParser(1009) as (text: string) => (string | null)[];

const ownParsers: Readonly<Record<number, Parser>> = {
  [typeIds.int8]: parseBigint,
  [typeIds.int8Array]: (text) => parseTextArray(text).map((item) => (item === null ? null : parseBigint(item))),
  [typeIds.date]: (text) => text,
  [typeIds.dateArray]: parseTextArray,
  [typeIds.timestamp]: (text) => text,
};

export function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`Read the bigint ${text} from the database: it is beyond 2^53 and cannot be a number without loss.`);
  return value;
}
