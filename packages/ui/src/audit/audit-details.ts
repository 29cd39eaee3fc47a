/** One thing that was changed: its name, and what it was and is. undefined: there was none, or is none. */
export interface AuditChange {
  name: string;
  before: unknown;
  after: unknown;
}

type Members = Record<string, unknown>;

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an entry says beside its columns. Text that is no JSON is kept as it is. */
export function readDetails(extra: string | null): unknown {
  if (extra === null) return null;
  try {
    return JSON.parse(extra) as unknown;
  } catch {
    return extra;
  }
}

/** The changes of an entry that has `before` and `after`, member by member; null: it has no such thing. */
export function changesOf(details: unknown): AuditChange[] | null {
  if (!isMembers(details) || !("before" in details || "after" in details)) return null;
  const { before, after } = details;
  if (!isMembers(before) && !isMembers(after)) return [{ name: "value", before, after }];
  const [was, is] = [isMembers(before) ? before : {}, isMembers(after) ? after : {}];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map((name) => ({ name, before: was[name], after: is[name] }));
}

export function showValue(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
}

/** One line for a table. Of what is new only what it has is told. */
export function summaryOf(extra: string | null): string {
  const details = readDetails(extra);
  if (details === null) return "–";
  const changes = changesOf(details);
  if (changes === null) return typeof details === "string" ? details : JSON.stringify(details);
  const isNew = (details as Members)["before"] == null;
  const told = isNew
    ? changes.filter(({ after }) => after != null).map(({ name, after }) => `${name}: ${showValue(after)}`)
    : changes.map(({ name, before, after }) => `${name}: ${showValue(before)} → ${showValue(after)}`);
  return told.join(", ") || "no change";
}
