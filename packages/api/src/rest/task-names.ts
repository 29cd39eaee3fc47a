import { type DagSpec, readDagSpec } from "@tradewind/core";
import type { Queryable } from "@tradewind/metadata";
import { listDagSpecsByVersion } from "@tradewind/metadata/rest";

const MAX_VERSIONS = 2000;

/** Per database: display names of the tasks that have one, by version of the DAG. A version never changes, so what was read once stays right. */
const knownOf = new WeakMap<Queryable, Map<number, ReadonlyMap<string, string>>>();

export interface TaskNames {
  /** What people see of a task: its display name, or its id. */
  of(dagVersionId: number, taskId: string): string;
}

export async function loadTaskNames(db: Queryable, dagVersionIds: readonly number[]): Promise<TaskNames> {
  const names = knownOf.get(db) ?? new Map<number, ReadonlyMap<string, string>>();
  knownOf.set(db, names);
  const missing = [...new Set(dagVersionIds)].filter((id) => !names.has(id));
  for (const [id, spec] of await listDagSpecsByVersion(db, { ids: missing })) names.set(id, namesIn(readDagSpec(spec)));
  const result = new Map(dagVersionIds.map((id) => [id, names.get(id)]));
  for (const id of names.keys()) {
    if (names.size <= MAX_VERSIONS) break;
    names.delete(id);
  }
  return { of: (dagVersionId, taskId) => result.get(dagVersionId)?.get(taskId) ?? taskId };
}

function namesIn(spec: DagSpec): ReadonlyMap<string, string> {
  return new Map(spec.tasks.flatMap(({ taskId, displayName }) => (displayName === null ? [] : [[taskId, displayName]])));
}
