import { expect, test } from "vitest";
import { allowsRunType, assertRunTypeAllowed } from "./allowed-run-types.ts";
import { dagSpec } from "./plain-spec.ts";
import { DAG_RUN_TYPES } from "./states.ts";
import { findDagSpecProblems } from "./validate-dag-spec.ts";

test("allowed_run_types can forbid run types per DAG: all are allowed unless it names some", () => {
  for (const runType of DAG_RUN_TYPES) {
    expect(allowsRunType(dagSpec(), runType)).toBe(true);
    expect(allowsRunType(dagSpec({ allowedRunTypes: ["manual", "backfill"] }), runType)).toBe(runType === "manual" || runType === "backfill");
  }
  expect(() => assertRunTypeAllowed(dagSpec({ allowedRunTypes: ["scheduled"] }), "scheduled")).not.toThrow();
  expect(() => assertRunTypeAllowed(dagSpec({ allowedRunTypes: ["scheduled", "backfill"] }), "manual")).toThrow(
    'Tried to make a manual run of DAG "sales", which allows only scheduled, backfill runs (its option allowedRunTypes).',
  );
});

test.each([
  [[], "DAG: allowedRunTypes must name at least one type of run; leave it out to allow all."],
  [
    ["by_hand"],
    'DAG: allowedRunTypes must be one of scheduled, manual, backfill, asset_triggered, asset_materialization, operator_triggered; found "by_hand".',
  ],
  [["manual", "scheduled"], "DAG: allowedRunTypes must name each type once, in this order: scheduled, manual."],
  [["manual", "manual"], "DAG: allowedRunTypes must name each type once, in this order: manual."],
])("a spec that allows %j is refused", (allowedRunTypes, message) => {
  expect(findDagSpecProblems({ ...dagSpec(), allowedRunTypes }).map((problem) => problem.message)).toEqual([message]);
});
