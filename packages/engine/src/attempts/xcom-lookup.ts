import type { DagGraph, Json, XComLookup, XComRef } from "@tradewind/core";
import type { XComRow } from "@tradewind/metadata";

/** XComs that were read together, for resolving the inputs of many attempts; each value is parsed once. */
export interface GatheredXComs {
  /** What the tasks of a run see. Throws nothing: what is not there is undefined. */
  ofRun(dagRunId: number, graph?: DagGraph): XComLookup;
  /** Whether all of these were small enough to be read. */
  has(dagRunId: number, refs: readonly XComRef[]): boolean;
}

export function gatherXComs(graph: DagGraph | null, rows: readonly XComRow[]): GatheredXComs {
  const byRef = new Map<string, XComRow[]>();
  for (const row of rows) {
    const key = keyOf(row.dagRunId, row);
    const list = byRef.get(key);
    if (list === undefined) byRef.set(key, [row]);
    else list.push(row);
  }
  const parsed = new Map<string, Json | undefined>();

  function read(dagRunId: number, ref: XComRef, isMapped: boolean): Json | undefined {
    const key = keyOf(dagRunId, ref);
    if (!parsed.has(key)) parsed.set(key, parse(byRef.get(key) ?? [], isMapped));
    return parsed.get(key);
  }

  return {
    ofRun:
      (dagRunId, ofGraph = graph ?? undefined) =>
      (ref) =>
        read(dagRunId, ref, ofGraph?.tasks.get(ref.taskId)?.spec.mapping != null),
    has: (dagRunId, refs) => refs.every((ref) => (byRef.get(keyOf(dagRunId, ref)) ?? []).every((row) => row.value !== null)),
  };
}

function keyOf(dagRunId: number, { taskId, key }: XComRef): string {
  return JSON.stringify([dagRunId, taskId, key]);
}

/** Of a mapped task the list in index order, without what was dropped; of another one its only value. */
function parse(rows: readonly XComRow[], isMapped: boolean): Json | undefined {
  if (isMapped) return rows.map((row) => JSON.parse(row.value ?? "null") as Json);
  const value = rows[0]?.value;
  return value == null ? undefined : (JSON.parse(value) as Json);
}
