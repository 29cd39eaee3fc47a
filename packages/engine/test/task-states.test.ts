import { groupSpec } from "@tradewind/core/plain-spec";
import { useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, failure, HOST, ok, startEngine, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
/** Of a task that runs during these tests: only such may ask. */
let attemptId: string;

beforeAll(async () => {
  engine = await startEngine(database);
  const groups = [groupSpec("g"), groupSpec("g.inner", { parentId: "g" })];
  const grouped = [task("g.a", { groupId: "g" }), task("g.inner.b", { groupId: "g.inner", upstream: ["g.a"] })];
  const mapped = task("each", { mapping: { kind: "expand", order: ["n"], inputs: { n: { kind: "value", value: [1, 2] } } } });
  await storeDags(
    engine,
    dagSpec("other", [...grouped, mapped, task("late", { upstream: ["g.inner.b"] })], { groups }),
    dagSpec("asking", [task("ask")]),
  );
  await engine.triggerDagRun({
    dagId: "other",
    runId: "done",
    logicalDate: new Date("2026-01-31T06:00:00Z"),
    triggeredBy: "test",
    actor: { name: "test" },
  });
  await drain(engine, (grant) => (grant.context.taskId === "g.inner.b" ? failure({ retryable: false }) : ok()));
  await trigger(engine, "asking");
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  attemptId = granted[0]!.attemptId;
});
afterAll(() => engine.close());

const ask = (query: object) => engine.findTaskStates(attemptId, { dagId: "other", ...query });

describe("findTaskStates", () => {
  test("of a run alone, by its id and by its logical date", async () => {
    const run = { runId: "done", state: "failed" };
    expect(await ask({ runId: "done" })).toEqual({ dagFound: true, run, unknownIds: [], tasks: [] });
    expect(await ask({ logicalDate: "2026-01-31T07:00:00+01:00" })).toMatchObject({ run });
  });

  test("of tasks, every instance of them", async () => {
    expect((await ask({ runId: "done", taskIds: ["each", "late"] })).tasks).toEqual([
      { taskId: "each", mapIndex: 0, state: "success" },
      { taskId: "each", mapIndex: 1, state: "success" },
      { taskId: "late", mapIndex: -1, state: "upstream_failed" },
    ]);
  });

  test("of a group, with the groups in it", async () => {
    expect((await ask({ runId: "done", taskGroupId: "g" })).tasks).toEqual([
      { taskId: "g.a", mapIndex: -1, state: "success" },
      { taskId: "g.inner.b", mapIndex: -1, state: "failed" },
    ]);
  });

  test("says what there is not", async () => {
    expect(await ask({ dagId: "none", runId: "x" })).toEqual({ dagFound: false, run: null, unknownIds: [], tasks: [] });
    expect(await ask({ runId: "none", taskIds: ["late", "nope"], taskGroupId: "h" })).toEqual({
      dagFound: true,
      run: null,
      unknownIds: ["nope", "h"],
      tasks: [],
    });
  });

  test("refuses a question without a run, and one by an attempt that has ended", async () => {
    await expect(ask({})).rejects.toMatchObject({ code: "invalid_request", message: expect.stringContaining("neither a run id nor a logical date") });
    await expect(ask({ logicalDate: "soon" })).rejects.toMatchObject({ code: "invalid_request" });
    const other = "01990000-0000-7000-8000-000000000000";
    await expect(engine.findTaskStates(other, { dagId: "other", runId: "done" })).rejects.toMatchObject({ code: "stale_attempt" });
  });
});
