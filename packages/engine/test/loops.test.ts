import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import type { DagSpec } from "@tradewind/core";
import { groupSpec } from "@tradewind/core/plain-spec";
import { useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, drain, failure, ok, runStateOf, startEngine, statesOf, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

const clearing = {
  ...{ dryRun: false, onlyFailed: false, onlyRunning: false, resetDagRuns: true, actor: { name: "ann" } },
  ...{
    includeUpstream: false,
    includeDownstream: false,
    includeFuture: false,
    includePast: false,
    runOnLatestVersion: false,
    preventRunningTask: false,
  },
};

/** A loop of one task and its gate, with a task below. */
function looped(dagId: string, hasUntil: boolean): DagSpec {
  return dagSpec(
    dagId,
    [
      task("step", {
        groupId: "l",
        inputs: { index: { kind: "loop_index", groupId: "l" }, before: { kind: "loop_previous", groupId: "l", path: [] } },
      }),
      task("gate", {
        groupId: "l",
        kind: "loop_gate",
        upstream: ["step"],
        inputs: { result: { kind: "xcom", taskId: "step", key: "return_value", path: [] } },
      }),
      task("after", { upstream: ["gate"] }),
    ],
    { groups: [groupSpec("l", { loop: { maxIterations: 3, hasUntil, resultTaskId: "step", gateTaskId: "gate" } })] },
  );
}

const inputsOf = (grants: readonly AttemptGrant[], taskId: string): unknown[] =>
  grants.filter(({ context }) => context.taskId === taskId).map(({ inputs }) => JSON.parse(inputs!));

/** The step gives ten times its iteration; `until` says stop at this one. */
const stopsAt =
  (iteration: number) =>
  ({ context: { taskId, mapIndex } }: AttemptGrant): TaskOutcome =>
    taskId === "step" ? ok(mapIndex * 10) : taskId === "gate" ? ok(mapIndex >= iteration) : ok();

describe("loops: do-while: body runs, a gate task calls until(loop.result); true = stop, false = next iteration is created", () => {
  test("loop.index from 0, loop.previous of the iteration before; the gate's input is loop.result", async () => {
    await storeDags(engine, looped("l1", true));
    const { dagRunId } = await trigger(engine, "l1");
    const grants = await drain(engine, stopsAt(1));
    expect(inputsOf(grants, "step")).toEqual([
      { index: 0, before: null },
      { index: 1, before: 0 },
    ]);
    expect(inputsOf(grants, "gate")).toEqual([{ result: 0 }, { result: 10 }]);
    expect(await statesOf(database.db, dagRunId)).toEqual({
      after: "success",
      "gate[0]": "success",
      "gate[1]": "success",
      "step[0]": "success",
      "step[1]": "success",
    });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("no `until` = exactly N: the gates are decided without being run", async () => {
    await storeDags(engine, looped("l2", false));
    const { dagRunId } = await trigger(engine, "l2");
    const grants = await drain(engine);
    expect(grants.map(({ context }) => context.taskId)).toEqual(["step", "step", "step", "after"]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  });

  test("false at the cap = gate failed; a body that failed = gate upstream_failed, no next iteration", async () => {
    await storeDags(engine, looped("l3", true));
    const capped = await trigger(engine, "l3");
    await drain(engine, stopsAt(99));
    expect(await statesOf(database.db, capped.dagRunId)).toMatchObject({ "gate[2]": "failed", after: "upstream_failed" });
    const broken = await trigger(engine, "l3");
    await drain(engine, (grant) => (grant.context.taskId === "step" && grant.context.mapIndex === 1 ? failure() : stopsAt(99)(grant)));
    const states = await statesOf(database.db, broken.dagRunId);
    expect(states).toMatchObject({ "step[1]": "failed", "gate[1]": "upstream_failed", after: "upstream_failed" });
    expect(states).not.toHaveProperty("step[2]");
  });

  test("clearing a gate clears later iterations: they come up again as it decides", async () => {
    await storeDags(engine, looped("l4", true));
    const { dagRunId, runId } = await trigger(engine, "l4");
    await drain(engine, stopsAt(2));
    await engine.clearTaskInstances({ ...clearing, dagId: "l4", runId, taskIds: [["gate", 0]], includeDownstream: true });
    await engine.startQueuedRuns({ limit: 10 });
    const again = await drain(engine, stopsAt(1));
    expect(again.map(({ context }) => `${context.taskId}[${context.mapIndex}]`)).toEqual(["gate[0]", "step[1]", "gate[1]", "after[-1]"]);
    const states = await statesOf(database.db, dagRunId);
    expect(states).toMatchObject({ "step[0]": "success", "step[1]": "success", "step[2]": "removed", "gate[2]": "removed", after: "success" });
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success", unfinished: 0 });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });
});
