/**
 * What a table shows, as it stands in the address: `?state=["failed"]&started=-24h..&sort=-started`. Each filter is a parameter with the name of its column, so that an address can be
 * read and written by hand.
 */

/** What a column can be filtered by, and how that is edited. */
export type ColumnFilter =
  /** A part of a text. */
  | { kind: "text"; placeholder?: string }
  /** Some of a few known values. */
  | { kind: "choice"; options: readonly Choice[] }
  /** Some of many values, which may be typed too; a hook gives those that are known. */
  | { kind: "list"; useSuggestions?: () => readonly string[]; placeholder?: string }
  /** From one instant to another, or the last so long. */
  | { kind: "instant" }
  /** From so many seconds to so many. */
  | { kind: "duration" }
  /** Whole numbers, each by itself. */
  | { kind: "numbers" }
  /** Yes or no, in the words given. */
  | { kind: "flag"; yes: string; no: string };

export interface Choice {
  /** It is the name of a state, and shown as such. */
  isState?: boolean;
  value: string;
  label: string;
}

/** Text, instant (`from..to`), duration (`from..to`, seconds): text. Choice, list, numbers: a list. Flag: true or false. */
export type FilterValue = string | readonly string[] | boolean;
export type Filters = Readonly<Record<string, FilterValue>>;

/** The whole state of a table. Other parameters of the page's address are left alone. */
export interface TableSearch {
  /** Id of a column; with `-` before it, the greatest first. */
  sort?: string | undefined;
  /** Ids of the columns that are shown, when they are not the usual ones. */
  columns?: readonly string[] | undefined;
  /** The first row in sight. */
  at?: number | undefined;
  /** Keys of chosen rows; `all`: everything that the filters find. */
  picked?: readonly string[] | "all" | undefined;
  readonly [filter: string]: unknown;
}

interface Filterable {
  id: string;
  filter?: ColumnFilter | undefined;
}

/** An address can hold so many chosen rows; whoever wants more takes all that a filter finds. */
export const MOST_PICKED = 200;

/** For a route's `validateSearch`: keeps what the columns understand, and drops the rest. */
export function readTableSearch(columns: readonly Filterable[], search: Record<string, unknown>): TableSearch {
  const { sort, columns: shown, at, picked } = search;
  const known = new Set(columns.map(({ id }) => id));
  const found: Record<string, unknown> = {};
  for (const { id, filter } of columns) {
    const value = filter === undefined ? undefined : readFilterValue(filter, search[id]);
    if (value !== undefined) found[id] = value;
  }
  if (typeof sort === "string" && known.has(sort.replace(/^-/, ""))) found["sort"] = sort;
  if (Array.isArray(shown)) found["columns"] = shown.filter((id) => known.has(id as string));
  if (typeof at === "number" && Number.isInteger(at) && at > 0) found["at"] = at;
  if (picked === "all") found["picked"] = "all";
  else if (Array.isArray(picked) && picked.length > 0) found["picked"] = picked.map(String).slice(0, MOST_PICKED);
  return found;
}

function readFilterValue({ kind, ...filter }: ColumnFilter, value: unknown): FilterValue | undefined {
  if (kind === "flag") return typeof value === "boolean" ? value : undefined;
  if (kind === "choice" || kind === "list" || kind === "numbers") {
    const values = (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String).filter((item) => item !== "");
    const allowed = "options" in filter ? values.filter((item) => filter.options.some((option) => option.value === item)) : values;
    const good = kind === "numbers" ? allowed.filter((item) => /^-?\d+$/.test(item)) : allowed;
    return good.length === 0 ? undefined : good;
  }
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || text.trim() === "") return undefined;
  if (kind === "text") return text;
  return readRange(text) === undefined ? undefined : text;
}

/** The filters that are set, by column. */
export function filtersOf(columns: readonly Filterable[], search: TableSearch): Filters {
  return Object.fromEntries(
    columns.flatMap(({ id, filter }) => {
      const value = filter === undefined ? undefined : readFilterValue(filter, search[id]);
      return value === undefined ? [] : [[id, value]];
    }),
  );
}

/** With a filter set, changed or (undefined) gone: from the first row on, and with nothing chosen, because what was chosen may be out of sight. */
export function withFilter(search: TableSearch, id: string, value: FilterValue | undefined): TableSearch {
  const isNothing = value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  return { ...search, at: undefined, picked: undefined, [id]: isNothing ? undefined : value };
}

/** Unsorted, least first, greatest first, unsorted: what a click on a header leads to. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  return sort === id ? `-${id}` : sort === `-${id}` ? undefined : id;
}

/** The two ends of `a..b`; either may be missing, not both. */
export function readRange(text: string): { from: string | undefined; to: string | undefined } | undefined {
  const [from = "", to = "", ...more] = text.includes("..") ? text.split("..") : [text, text];
  if (more.length > 0 || (from === "" && to === "")) return undefined;
  return { from: from === "" ? undefined : from, to: to === "" ? undefined : to };
}

export function writeRange(from: string | undefined, to: string | undefined): string | undefined {
  return from === undefined && to === undefined ? undefined : `${from ?? ""}..${to ?? ""}`;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An instant of a range: `-24h` is so long before now, anything else an ISO instant. undefined: neither. */
export function resolveInstant(text: string, now: number): string | undefined {
  const relative = /^([+-])(\d+)([mhd])$/.exec(text);
  if (relative !== null) {
    const [, sign, count, unit] = relative;
    return new Date(now + (sign === "-" ? -1 : 1) * Number(count) * UNIT_MS[unit!]!).toISOString();
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** The bounds of a filter over instants, for the REST API's `…_gte` and `…_lte`. */
export function instantBounds(value: FilterValue | undefined, now: number): { gte: string | undefined; lte: string | undefined } {
  const range = typeof value === "string" ? readRange(value) : undefined;
  return {
    gte: range?.from === undefined ? undefined : resolveInstant(range.from, now),
    lte: range?.to === undefined ? undefined : resolveInstant(range.to, now),
  };
}

/** The bounds of a filter over numbers, for the REST API's `…_gte` and `…_lte`. */
export function numberBounds(value: FilterValue | undefined): { gte: number | undefined; lte: number | undefined } {
  const range = typeof value === "string" ? readRange(value) : undefined;
  const toNumber = (text: string | undefined) => (text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text));
  return { gte: toNumber(range?.from), lte: toNumber(range?.to) };
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds from what people write: `90`, `1.5 h`, `2m 30s`. undefined: that is none. */
export function readDuration(text: string): number | undefined {
  const compact = text.replaceAll(/\s+/g, "").toLowerCase();
  if (/^\d+(\.\d+)?$/.test(compact)) return Number(compact);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) return undefined;
  return [...compact.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * DURATION_UNITS[unit!]!, 0);
}
