import { describe, expect, it } from "vitest";
import { hasErrorCode } from "./errors.ts";
import { assertRunId, makeRunId, runTypeOfRunId } from "./run-id.ts";
import { DAG_RUN_TYPES, type DagRunType } from "./states.ts";

const runAfter = new Date("2026-01-01T00:00:00Z");

describe("makeRunId", () => {
  it("is <type>__<run_after ISO>", () => {
    expect(makeRunId({ runType: "scheduled", runAfter, logicalDate: runAfter, suffix: "x" })).toBe("scheduled__2026-01-01T00:00:00+00:00");
    expect(makeRunId({ runType: "manual", runAfter: new Date("2026-01-01T00:00:00.120Z"), logicalDate: runAfter, suffix: "x" })).toBe(
      "manual__2026-01-01T00:00:00.120000+00:00",
    );
  });

  it("with no logical date _<random> is appended", () => {
    expect(makeRunId({ runType: "asset_triggered", runAfter, logicalDate: null, suffix: "aB3" })).toBe(
      "asset_triggered__2026-01-01T00:00:00+00:00_aB3",
    );
  });

  it("tells its type again, and is allowed", () => {
    for (const runType of DAG_RUN_TYPES) {
      const id = makeRunId({ runType, runAfter, logicalDate: null, suffix: "aB3" });
      expect(runTypeOfRunId(id)).toBe(runType);
      expect(() => assertRunId(id, { runType })).not.toThrow();
    }
  });
});

describe("assertRunId", () => {
  it.each(["my-run", "2026.01~a:b+c_d", "manual__x", "scheduled_x"])("%s is fine for a manual run", (runId) => {
    expect(() => assertRunId(runId, { runType: "manual" })).not.toThrow();
    expect(runTypeOfRunId(runId)).toBe("manual");
  });

  it.each<[string, string, DagRunType?, string?]>([
    ["", "does not match the allowed pattern"],
    ["a b", "does not match the allowed pattern ^[A-Za-z0-9_.~:+-]+$"],
    ["a/b", "does not match the allowed pattern"],
    ["a\n", "does not match the allowed pattern"],
    ["..", "is a path of dots"],
    ["x".repeat(251), "has 251 characters, more than 250"],
    ["scheduled__2026", 'is kept for scheduled runs; a manual run may not begin with "scheduled__"'],
    ["backfill__x", "is kept for backfill runs"],
    ["b", "does not match the allowed pattern a+", "scheduled", "a+"],
    ["ba", "does not match the allowed pattern a+", "scheduled", "a+"],
  ])("%j is refused", (runId, message, runType = "manual", allowedPattern) => {
    try {
      assertRunId(runId, { runType, allowedPattern });
      expect.unreachable();
    } catch (error) {
      expect(hasErrorCode(error, "invalid_run_id")).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });
});
