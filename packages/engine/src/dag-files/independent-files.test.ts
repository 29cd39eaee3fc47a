import { expect, test } from "vitest";
import type { LoadedDagFile } from "../engine.ts";
import { inIndependentGroups } from "./independent-files.ts";

function file(relativePath: string, ...dagIds: string[]): LoadedDagFile {
  // Of DAGs only the ids are looked at.
  const dags = dagIds.map((dagId) => ({ dagId })) as Extract<LoadedDagFile["result"], { ok: true }>["dags"];
  const result = { ok: true as const, bundle: { sha256: "", code: "" }, source: "", dags };
  return { bundleName: "dags", relativePath, fingerprint: null, parseDurationMs: 1, resolveFrom: [], result };
}

test("files that have nothing in common are one group", () => {
  expect(inIndependentGroups([file("a", "one"), file("b", "two", "three"), file("c")])).toEqual([[0, 1, 2]]);
  expect(inIndependentGroups([])).toEqual([]);
});

test("files that define the same DAG, and two loads of one file, keep their order in groups of their own", () => {
  expect(inIndependentGroups([file("a", "one"), file("b", "one"), file("c", "two"), file("a", "three")])).toEqual([
    [0, 2],
    [1, 3],
  ]);
});

test("what has to wait is not overtaken by what would have to wait for it", () => {
  expect(inIndependentGroups([file("a", "one"), file("b", "one", "two"), file("c", "two"), file("d", "three")])).toEqual([[0, 3], [1], [2]]);
});
