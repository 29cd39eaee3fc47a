/** Where two specs differ: the path, and what stands there in each; undefined: nothing. */
export interface SpecDifference {
  path: string;
  one: unknown;
  other: unknown;
}

/** The first differences of two JSON values, in the order of their members. Members of lists are named by their id where they have one. */
export function specDifferences(one: unknown, other: unknown, limit: number): SpecDifference[] {
  const found: SpecDifference[] = [];
  compare(one, other, "", found, limit);
  return found;
}

function compare(one: unknown, other: unknown, path: string, found: SpecDifference[], limit: number): void {
  if (found.length >= limit || Object.is(one, other)) return;
  if (!isContainer(one) || !isContainer(other) || Array.isArray(one) !== Array.isArray(other)) {
    found.push({ path: path === "" ? "the whole spec" : path, one, other });
    return;
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    const [left, right] = [(one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]];
    compare(left, right, `${path}${step(one, name, left, right)}`.replace(/^\./, ""), found, limit);
  }
}

function step(container: object, name: string, left: unknown, right: unknown): string {
  if (!Array.isArray(container)) return /^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
  const id = idOf(left);
  return id !== undefined && id === idOf(right) ? `[${JSON.stringify(id)}]` : `[${name}]`;
}

function idOf(member: unknown): string | undefined {
  const { taskId, groupId } = (member ?? {}) as { taskId?: unknown; groupId?: unknown };
  const id = taskId ?? groupId;
  return typeof id === "string" ? id : undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
