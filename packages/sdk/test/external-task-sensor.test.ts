import { beforeEach, describe, expect, it } from "vitest";
import type { TaskStatesAnswer, TaskStatesQuery } from "../src/internal.ts";
import { externalTaskSensor } from "../src/sensors/index.ts";
import { SensorClock } from "./sensor-clock.ts";

let clock: SensorClock;
let asked: TaskStatesQuery[];
/** The answers, one after the other; the last stays. */
let answers: TaskStatesAnswer[];
beforeEach(() => {
  clock = new SensorClock();
  asked = [];
  Object.assign(clock.runtime, {
    getTaskInstanceStates: async (query: TaskStatesQuery) => {
      asked.push(query);
      return answers.length > 1 ? answers.shift()! : answers[0]!;
    },
  });
});

type State = TaskStatesAnswer["tasks"][number]["state"];
const noRun: TaskStatesAnswer = { dagFound: true, run: null, unknownIds: [], tasks: [] };
const run = (state: "running" | "success" | "failed", ...states: State[]): TaskStatesAnswer => ({
  ...noRun,
  run: { runId: "r", state },
  tasks: states.map((one, index) => ({ taskId: `t${index}`, mapIndex: -1, state: one })),
});
const mode = "reschedule";

describe("externalTaskSensor", () => {
  it("waits for a task of the run of the same logical date", async () => {
    answers = [noRun, run("running", null), run("running", "running"), run("running", "success")];
    const end = await clock.attempt(externalTaskSensor("t", { dagId: "other", taskId: "load" }));
    expect(end.kind).toBe("success");
    expect(clock.sleeps).toHaveLength(3);
    expect(asked[0]).toEqual({ dagId: "other", taskIds: ["load"], taskGroupId: undefined, logicalDate: "2026-01-31T06:00:00.000Z" });
  });

  it.each<[string, object, object]>([
    ["an earlier run", { executionDelta: "1d" }, { logicalDate: "2026-01-30T06:00:00.000Z" }],
    ["a run by its id", { runId: ({ ds }: { ds: string }) => `load_${ds}` }, { runId: "load_2026-01-31" }],
    ["a group", { taskGroupId: "g" }, { taskGroupId: "g" }],
    ["tasks", { taskIds: ["a", "b", "a"] }, { taskIds: ["a", "b"] }],
  ])("asks for %s", async (_what, options, expected) => {
    answers = [run("success", "success")];
    await clock.attempt(externalTaskSensor("t", { dagId: "other", ...options }));
    expect(asked).toEqual([expect.objectContaining(expected)]);
  });

  it("waits for the runs of all dates that a function gives", async () => {
    answers = [run("success"), run("running"), run("success")];
    const dates = ["2026-01-29", new Date("2026-01-30T00:00:00Z")];
    expect((await clock.attempt(externalTaskSensor("t", { dagId: "other", logicalDates: () => dates }))).kind).toBe("success");
    expect(asked.map(({ logicalDate }) => logicalDate)).toEqual(
      ["2026-01-29", "2026-01-30", "2026-01-29", "2026-01-30"].map((day) => `${day}T00:00:00.000Z`),
    );
  });

  it.each<[string, object, TaskStatesAnswer, string]>([
    ["all allowed", { taskGroupId: "g" }, run("running", "success", "success"), "success"],
    ["one is not", { taskGroupId: "g" }, run("running", "success", "running"), "reschedule"],
    ["a failed task is waited for by default", { taskId: "a" }, run("failed", "failed"), "reschedule"],
    [
      "a failed state fails, whatever else",
      { taskIds: ["a", "b"], failedStates: ["failed"], skippedStates: ["skipped"] },
      run("running", "skipped", "failed"),
      "fail",
    ],
    ["a skipped state skips", { taskIds: ["a", "b"], skippedStates: ["skipped"] }, run("running", "skipped", null), "skip"],
    ["softFail turns a failed state into a skip", { taskId: "a", failedStates: ["failed"], softFail: true }, run("running", "failed"), "skip"],
    ["other states may be allowed", { taskId: "a", allowedStates: ["success", "skipped"] }, run("success", "skipped"), "success"],
    ["the run as a whole", {}, run("success"), "success"],
    ["the run as a whole, not ended", {}, run("running"), "reschedule"],
    ["the run as a whole, failed", { failedStates: ["failed"] }, run("failed"), "fail"],
    ["no such task, without checkExistence", { taskId: "a" }, { ...run("success"), unknownIds: ["a"] }, "reschedule"],
    ["no such task", { taskId: "a", checkExistence: true }, { ...run("success"), unknownIds: ["a"] }, "fail"],
    ["no such DAG", { checkExistence: true }, { ...noRun, dagFound: false }, "fail"],
  ])("%s", async (_what, options, answer, kind) => {
    answers = [answer];
    expect((await clock.attempt(externalTaskSensor("t", { dagId: "other", mode, ...options }))).kind).toBe(kind);
  });

  it("says what it found", async () => {
    answers = [run("running", "failed", null)];
    const end = await clock.attempt(externalTaskSensor("t", { dagId: "other", taskIds: ["a", "b"], failedStates: ["failed"] }));
    expect(end).toMatchObject({ message: 'In the run of 2026-01-31T06:00:00.000Z of DAG "other" t0 is failed, so sensor "t" fails.' });
    answers = [run("running", "success", null)];
    await clock.attempt(externalTaskSensor("t", { dagId: "other", taskIds: ["a", "b"], mode }));
    expect(clock.runtime.lines()).toContain('In the run of 2026-01-31T06:00:00.000Z of DAG "other": t0 is success, t1 is not scheduled');
  });

  it("fails for good in a run without a logical date", async () => {
    clock.runtime.context = { ...clock.runtime.context, logicalDate: null };
    expect(await clock.attempt(externalTaskSensor("t", { dagId: "other" }))).toMatchObject({
      kind: "fail",
      message: expect.stringContaining("has none"),
    });
  });

  it("says so where other runs are not known", async () => {
    Object.assign(clock.runtime, { getTaskInstanceStates: undefined });
    expect(await clock.attempt(externalTaskSensor("t", { dagId: "other" }))).toMatchObject({
      message: expect.stringContaining("knows no other runs"),
    });
  });

  it.each<[object, RegExp]>([
    [{ taskId: "a", taskGroupId: "g" }, /more than one of taskId, taskIds and taskGroupId/],
    [{ runId: "r", executionDelta: "1h" }, /more than one of executionDelta, logicalDates and runId/],
    [{ failedStates: ["success"] }, /has the state "success" in more than one/],
  ])("refuses %j when the file is loaded", (options, message) => {
    expect(() => externalTaskSensor("t", { dagId: "other", ...options })).toThrow(message);
  });
});
