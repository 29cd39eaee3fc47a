import { describe, expect, it } from "vitest";
import { type Affected, counted, countByState, distinct, groupByRun, inParts, isTouchedByRunMark, optionsOf, usualOptions } from "./change-model.ts";
import { runSteps } from "./run-steps.ts";

const run = { dagId: "d", runId: "r" };

it("asks once for each run, with the instances of mapped tasks by their index", () => {
  const other = { dagId: "d", runId: "s" };
  expect(
    groupByRun([
      { ...run, taskId: "a", mapIndex: -1 },
      { ...run, taskId: "b", mapIndex: 2 },
      { ...other, taskId: "a" },
      { ...run, taskId: "c" },
    ]),
  ).toEqual([
    { run, tasks: ["a", ["b", 2], "c"] },
    { run: other, tasks: ["a"] },
  ]);
});

it("counts what is touched from several sides once, most frequent state first", () => {
  const one = (taskId: string, state: Affected["state"]): Affected => ({ ...run, taskId, mapIndex: -1, name: taskId, state });
  const affected = distinct([one("a", "failed"), one("b", null), one("a", "failed"), one("c", null)]);
  expect(affected.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"]);
  expect(countByState(affected)).toEqual([
    { state: null, count: 2 },
    { state: "failed", count: 1 },
  ]);
});

describe("marking a run", () => {
  it("failed touches what is not finished", () => {
    expect((["running", "success", null, "skipped", "up_for_retry"] as const).map((state) => isTouchedByRunMark(state, "failed"))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });
  it("success touches what is no success", () => {
    expect((["running", "success", "skipped", "removed"] as const).map((state) => isTouchedByRunMark(state, "success"))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

it("offers the options that a request has", () => {
  expect(optionsOf("runs", "clear")).toEqual(["onlyFailed", "onLatestVersion", "onlyNew"]);
  expect(optionsOf("runs", "success")).toEqual([]);
  expect(optionsOf("instances", "failed")).toEqual(["upstream", "downstream", "past", "future"]);
  expect(optionsOf("instances", "note")).toEqual([]);
  expect([usualOptions("retry").onlyFailed, usualOptions("clear").onlyFailed, usualOptions("success").downstream]).toEqual([true, false, false]);
});

it("clears many runs in parts", () => {
  const targets = Array.from({ length: 45 }, (_, index) => index);
  const parts = inParts(targets);
  expect(parts.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(parts.flat()).toEqual(targets);
});

it("counts in words", () => {
  expect([counted(1, "run"), counted(1200, "task instance")]).toEqual(["1 run", "1,200 task instances"]);
});

describe("runSteps", () => {
  it("does all, and tells what failed, the same words once", async () => {
    const progress: number[] = [];
    const fail = () => Promise.reject(new Error("it is locked"));
    const found = await runSteps([() => Promise.resolve(1), fail, () => Promise.resolve(3), fail], { onProgress: (done) => progress.push(done) });
    expect(found).toEqual({ results: [1, 3], failures: [{ message: "it is locked", count: 2 }] });
    expect(progress).toEqual([1, 2, 3, 4]);
  });

  it("begins nothing more when it is given up", async () => {
    const given = new AbortController();
    let begun = 0;
    const steps = Array.from({ length: 20 }, () => async () => {
      begun++;
      given.abort(new Error("given up"));
      return Promise.resolve(0);
    });
    await expect(runSteps(steps, { signal: given.signal })).rejects.toThrow("given up");
    expect(begun).toBeLessThanOrEqual(4);
  });
});
