import { compileDag, type DagGraph, errorMessage, isTradewindError, readDagSpec, TradewindError } from "@tradewind/core";
import { findDagVersions, type Queryable } from "@tradewind/metadata";

/** A stored DAG version, ready for decisions. Versions never change, so it may be kept for ever. */
export interface LoadedDagVersion {
  id: number;
  dagId: string;
  versionNumber: number;
  bundleSha256: string;
  resolveFrom: string[];
  graph: DagGraph;
}

/** DAG versions by id, the least recently used dropped first. */
export interface DagVersions {
  /** Makes sure that these are in memory; what can be is, if it throws. @throws TradewindError `dag_version_not_found`, `invalid_dag_spec` of one that is stored and cannot be read */
  load(db: Queryable, dagVersionIds: Iterable<number>): Promise<void>;
  /** One that happens to be in memory. */
  peek(dagVersionId: number): LoadedDagVersion | undefined;
  /** One that was loaded in this turn. */
  get(dagVersionId: number): LoadedDagVersion;
}

export function createDagVersions({ maxTasks = 200_000 }: { maxTasks?: number } = {}): DagVersions {
  const kept = new Map<number, LoadedDagVersion>();
  let tasks = 0;

  /** Counted by tasks, since one version may have one or ten thousand. What was asked for last is never dropped. */
  function add(version: LoadedDagVersion, inUse: ReadonlySet<number>): void {
    // Two may have been waiting for the same one.
    tasks += version.graph.tasks.size - (kept.get(version.id)?.graph.tasks.size ?? 0);
    kept.set(version.id, version);
    for (const [id, old] of kept) {
      if (tasks <= maxTasks) return;
      if (inUse.has(id)) continue;
      kept.delete(id);
      tasks -= old.graph.tasks.size;
    }
  }

  return {
    async load(db, dagVersionIds) {
      const wanted = new Set(dagVersionIds);
      const missing = [...wanted].filter((id) => !kept.has(id));
      // Moves what is used to the young end.
      for (const id of wanted) {
        const version = kept.get(id);
        if (version === undefined) continue;
        kept.delete(id);
        kept.set(id, version);
      }
      if (missing.length === 0) return;
      const found = await findDagVersions(db, { dagVersionIds: missing });
      // One that cannot be read does not keep the others out.
      const unreadable: TradewindError[] = [];
      for (const { spec, ...version } of found) {
        try {
          add({ ...version, graph: compileDag(readDagSpec(spec)) }, wanted);
        } catch (error) {
          unreadable.push(toUnreadable(version, error));
        }
      }
      if (unreadable.length > 0) throw unreadable[0]!;
      const lost = missing.find((id) => !kept.has(id));
      if (lost !== undefined)
        throw new TradewindError("dag_version_not_found", `Tried to load DAG version ${lost}, which is not stored.`, {
          details: { dagVersionId: lost },
        });
    },

    peek: (dagVersionId) => kept.get(dagVersionId),

    get(dagVersionId) {
      const version = kept.get(dagVersionId);
      if (version === undefined)
        throw new TradewindError("internal", `DAG version ${dagVersionId} is used before it was loaded.`, { details: { dagVersionId } });
      return version;
    },
  };
}

function toUnreadable({ id, dagId }: { id: number; dagId: string }, error: unknown): TradewindError {
  if (isTradewindError(error)) return error;
  return new TradewindError("invalid_dag_spec", `Tried to read DAG version ${id} of DAG "${dagId}" as it is stored: ${errorMessage(error)}`, {
    details: { dagVersionId: id },
    cause: error,
  });
}
