import type { ChangeSubject } from "../engine.ts";

/** What people see of it changed. Ids only: who wants to know more reads it. */
export interface ChangeSet {
  /** `dag_run.id`: of the run, or of something in it. */
  runs: Set<number>;
  dags: Set<string>;
  subjects: Set<ChangeSubject>;
}

export function createChangeSet(): ChangeSet {
  return { runs: new Set(), dags: new Set(), subjects: new Set() };
}

export function isEmpty({ runs, dags, subjects }: ChangeSet): boolean {
  return runs.size === 0 && dags.size === 0 && subjects.size === 0;
}

/** More of them than this are told as "any": the list would be longer than what it is about is worth. */
const MOST_RUNS = 500;
const MOST_DAGS = 100;

/** Beyond the bounds a set stays as small as one word, however much comes. */
export function addChanges(all: ChangeSet, more: { runs?: Iterable<number>; dags?: Iterable<string>; subjects?: Iterable<ChangeSubject> }): void {
  for (const subject of more.subjects ?? []) all.subjects.add(subject);
  addBounded(all, all.runs, more.runs, { most: MOST_RUNS, any: "runs" });
  addBounded(all, all.dags, more.dags, { most: MOST_DAGS, any: "dags" });
}

function addBounded<T>(all: ChangeSet, kept: Set<T>, more: Iterable<T> | undefined, { most, any }: { most: number; any: ChangeSubject }): void {
  if (all.subjects.has(any)) return kept.clear();
  for (const one of more ?? []) kept.add(one);
  if (kept.size <= most) return;
  kept.clear();
  all.subjects.add(any);
}

/** As words without commas, which is what a notification carries. */
export function toKinds({ runs, dags, subjects }: ChangeSet): string[] {
  return [
    ...[...runs].map((id) => `r${id.toString(36)}`),
    ...[...dags].map((dagId) => `d${encodeURIComponent(dagId)}`),
    ...[...subjects].map((subject) => `s${subject}`),
  ];
}

/** Words of a newer release that are not known here are left out. */
export function fromKinds(kinds: readonly string[]): ChangeSet {
  const changes = createChangeSet();
  for (const kind of kinds) {
    const rest = kind.slice(1);
    if (kind.startsWith("r")) changes.runs.add(Number.parseInt(rest, 36));
    else if (kind.startsWith("d")) changes.dags.add(decodeURIComponent(rest));
    else if (kind.startsWith("s")) changes.subjects.add(rest as ChangeSubject);
  }
  return changes;
}
