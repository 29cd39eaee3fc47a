import { describe, expect, it } from "vitest";
import { addChange, createTouched, isTouched, type LiveChange } from "./live-changes.ts";

const KEYS: Record<string, readonly unknown[]> = {
  dags: ["dags", { page: 0 }],
  "found by the palette": ["dags", "palette", "sal"],
  "table of runs": ["dag-runs", "rows", {}, null, 0],
  "latest runs": ["latest-runs", ["sales", "stock"]],
  "latest runs of others": ["latest-runs", ["other"]],
  dag: ["dag", "sales"],
  grid: ["grid", "sales", { limit: 25 }],
  graph: ["graph", "sales", 3],
  run: ["dag-run", "sales", "r1"],
  "another run": ["dag-run", "sales", "r2"],
  tries: ["task-tries", "sales", "r1", "load", -1, 1],
  "another DAG": ["dag", "stock"],
  "import errors": ["import-errors"],
  pools: ["pools", "rows", {}],
  session: ["session"],
  log: ["log", "sales", "r1", "load", -1, 1],
};

function touchedBy(...changes: LiveChange[]): string[] {
  const touched = createTouched();
  for (const change of changes) addChange(touched, change);
  return Object.keys(KEYS).filter((name) => isTouched({ queryKey: KEYS[name]! }, touched));
}

describe("isTouched", () => {
  it("a run: what is about it, about its DAG, and lists; not what was written", () => {
    expect(touchedBy({ runs: [{ dag_id: "sales", dag_run_id: "r1" }] })).toEqual([
      "dags",
      "found by the palette",
      "table of runs",
      "latest runs",
      "dag",
      "grid",
      "run",
      "tries",
    ]);
  });

  it("a DAG: everything about it", () => {
    expect(touchedBy({ dags: ["sales"] })).toEqual([
      "dags",
      "found by the palette",
      "table of runs",
      "latest runs",
      "dag",
      "grid",
      "graph",
      "run",
      "another run",
      "tries",
    ]);
  });

  it("other things: what is about them", () => {
    expect(touchedBy({ pools: true }, { import_errors: true })).toEqual(["import errors", "pools"]);
    expect(touchedBy({})).toEqual([]);
  });

  it("so many that they are not named: everything of the kind", () => {
    expect(touchedBy({ any_run: true })).toEqual(
      Object.keys(KEYS).filter((name) => !["graph", "import errors", "pools", "session", "log"].includes(name)),
    );
    expect(touchedBy({ any_dag: true })).toContain("graph");
  });
});
