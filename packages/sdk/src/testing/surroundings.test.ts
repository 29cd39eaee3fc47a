import { describe, expect, it } from "vitest";
import { Dag, getClient } from "../index.ts";
import { externalTaskSensor } from "../sensors/index.ts";
import { testDag } from "./index.ts";

describe("callbacks, in a test", () => {
  it("hear the reason of the retry policy's rule", async () => {
    const heard: (string | null)[] = [];
    const dag = new Dag("policy");
    const broken = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    dag.task("t", () => Promise.reject(broken), {
      retries: 1,
      retryPolicy: [{ code: "ECONNRESET", action: "retry", delay: "1s", reason: "the network" }],
      onRetry: ({ reason }) => heard.push(reason),
      onFailure: ({ reason }) => heard.push(reason),
    })();
    await testDag(dag).run();
    expect(heard).toEqual(["the network", "the network"]);
  });
});

describe("what is missing, in a test", () => {
  it("is told with the way to give it", async () => {
    const dag = new Dag("asks", { onFailure: () => getClient().connections.get("chat") });
    dag.task("t", () => getClient().connections.get("warehouse"))();
    const run = await testDag(dag).run();
    expect(run.task("t").reason).toContain(
      'asked for connection "warehouse", which does not exist. Give it to the run of this test: run({ connections: {',
    );
    expect(run.callbacks[0]!.failures[0]!.message).toContain('A callback of DAG "asks" asked for connection "chat"');
  });
});

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
