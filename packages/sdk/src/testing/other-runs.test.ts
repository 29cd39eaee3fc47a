import { describe, expect, it } from "vitest";
import { Dag } from "../index.ts";
import { externalTaskSensor } from "../sensors/index.ts";
import { testDag } from "./index.ts";

describe("runs of other DAGs, in a test", () => {
  const dag = new Dag("report", { startDate: "2026-01-02" });
  dag.add(externalTaskSensor("day_before", { dagId: "sales", taskIds: ["a", "b"], executionDelta: "1d", timeout: "1h", failedStates: ["failed"] }));

  it("are what otherRuns says, also for a sensor that waits for them", async () => {
    const asked: string[] = [];
    const run = await testDag(dag).run({
      otherRuns: (dagId, runId) => {
        asked.push(`${dagId} ${runId}`);
        return [undefined, "queued", "running", "success"][asked.length - 1] as "success" | undefined;
      },
    });
    expect(run.states).toEqual({ day_before: "success" });
    expect(asked).toEqual(Array.from({ length: 4 }, () => "sales scheduled__2026-01-01T00:00:00+00:00"));
  });

  it("are a success unless it says otherwise", async () => {
    expect((await testDag(dag).run()).state).toBe("success");
    const failed = await testDag(dag).run({ otherRuns: "failed" });
    expect(failed.task("day_before").reason).toContain("a is failed, b is failed");
    const never = await testDag(dag).run({ otherRuns: () => undefined });
    expect(never.task("day_before").state).toBe("failed");
    expect(never.durationMs).toBeGreaterThanOrEqual(3_600_000);
  });
});
