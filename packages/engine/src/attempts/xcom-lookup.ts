import type { Json, XComReader, XComRef, XComValue } from "@tradewind/core";
import type { XComRow } from "@tradewind/metadata";

/** XComs that were read together, for resolving the inputs of many attempts; each value is parsed once. */
export interface GatheredXComs {
  /** What the tasks of a run left behind. */
  ofRun(dagRunId: number): XComReader;
  /** Whether all of these were small enough to be read. */
  has(dagRunId: number, refs: readonly XComRef[]): boolean;
}

export function gatherXComs(rows: readonly XComRow[]): GatheredXComs {
  const byRef = Map.groupBy(rows, (row) => keyOf(row.dagRunId, row));
  const parsed = new Map<string, XComValue[]>();

  function read(dagRunId: number, ref: XComRef): XComValue[] {
    const key = keyOf(dagRunId, ref);
    let values = parsed.get(key);
    if (values === undefined) parsed.set(key, (values = (byRef.get(key) ?? []).map(parse)));
    return values;
  }

  return {
    ofRun: (dagRunId) => (ref) => read(dagRunId, ref),
    has: (dagRunId, refs) => refs.every((ref) => (byRef.get(keyOf(dagRunId, ref)) ?? []).every((row) => row.value !== null)),
  };
}

function keyOf(dagRunId: number, { taskId, key }: XComRef): string {
  return JSON.stringify([dagRunId, taskId, key]);
}

function parse({ mapIndex, value }: XComRow): XComValue {
  return { mapIndex, value: JSON.parse(value ?? "null") as Json };
}
