import { expect, test } from "vitest";
import { whyNotTriggered } from "./why-not-triggered.ts";

test("a run by hand is offered unless the DAG names other types of runs only", () => {
  expect(whyNotTriggered({ allowed_run_types: null })).toBeNull();
  expect(whyNotTriggered({ allowed_run_types: ["scheduled", "manual"] })).toBeNull();
  expect(whyNotTriggered({ allowed_run_types: ["scheduled", "asset_triggered"] })).toBe("This DAG allows only scheduled, asset triggered runs");
});
