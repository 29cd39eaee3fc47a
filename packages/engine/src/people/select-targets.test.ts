import { compileDag } from "@tradewind/core";
import { groupSpec } from "@tradewind/core/plain-spec";
import { describe, expect, it } from "vitest";
import { dagSpec } from "../../test/fixture.ts";
import { tasksOf } from "../../test/task-lines.ts";
import { isSelected, passesStateFilter, selectFailedBelow, selectTasks, windowAround, windowBetween } from "./select-targets.ts";

const graph = compileDag(
  dagSpec("d", tasksOf(["a", "b < a", "c < b", "d < b", "e"], { c: { groupId: "g" }, d: { groupId: "g" } }), {
    groups: [groupSpec("g")],
  }),
);
const none = { includeUpstream: false, includeDownstream: false };
const instance = (taskId: string, mapIndex = -1) => ({ taskId, mapIndex, state: null });

describe("selectTasks", () => {
  it("without targets means every task", () => {
    expect([...selectTasks(graph, none).keys()]).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("a list without members means nothing", () => {
    expect(selectTasks(graph, { ...none, targets: [] }).size).toBe(0);
  });

  it("adds all above and all below", () => {
    expect([...selectTasks(graph, { targets: ["b"], includeUpstream: true, includeDownstream: false }).keys()].sort()).toEqual(["a", "b"]);
    expect([...selectTasks(graph, { targets: ["b"], includeUpstream: false, includeDownstream: true }).keys()].sort()).toEqual(["b", "c", "d"]);
  });

  it("`[task, map index]` is that instance, and all instances of what is below", () => {
    const selected = selectTasks(graph, { targets: [["b", 3]], includeUpstream: false, includeDownstream: true });
    expect([3, 4].map((index) => isSelected(selected, instance("b", index)))).toEqual([true, false]);
    expect(isSelected(selected, instance("c", 7))).toBe(true);
    expect(isSelected(selected, instance("a"))).toBe(false);
  });

  it("all of a task outweighs one index of it, whichever came first", () => {
    for (const targets of [["b", ["b", 1]] as const, [["b", 1], "b"] as const]) {
      expect(isSelected(selectTasks(graph, { ...none, targets }), instance("b", 9))).toBe(true);
    }
  });

  it("a group stands for its tasks", () => {
    expect([...selectTasks(graph, { ...none, targets: ["g"] }).keys()]).toEqual(["c", "d"]);
  });

  it.each([["bb"], [["bb", 0] as const]])("says which task there is not: %j", (target) => {
    expect(() => selectTasks(graph, { ...none, targets: [target] })).toThrow(expect.objectContaining({ code: "task_not_found" }));
  });
});

describe('"Clearing a task also clears its setups and teardowns"', () => {
  const scoped = compileDag(
    dagSpec(
      "d",
      tasksOf(["s1", "w1 < s1", "w2 < w1", "t1 < w2, s1", "s2", "w3 < s2, t1", "outside"], {
        s1: { isSetup: true },
        t1: { isTeardown: true, setups: ["s1"], triggerRule: "all_done_setup_success" },
        s2: { isSetup: true },
      }),
    ),
  );
  const select = (target: string, options: Partial<typeof none> = {}): string[] =>
    [...selectTasks(scoped, { ...none, ...options, targets: [target], withSetups: true }).keys()].sort();

  it.each([
    ["a task brings the setup it needs, with its teardown", "w2", {}, ["s1", "t1", "w2"]],
    ["a setup without a teardown is in every scope below it; one that was torn down before is not", "w3", {}, ["s2", "w3"]],
    ["a setup brings its teardown", "s1", {}, ["s1", "t1"]],
    ["a teardown brings nothing", "t1", {}, ["t1"]],
    ["what is in no scope comes alone", "outside", {}, ["outside"]],
    ["with upstream the setups there bring their teardowns", "w1", { includeUpstream: true }, ["s1", "t1", "w1"]],
    ["with downstream what is below brings its own", "w1", { includeDownstream: true }, ["s1", "s2", "t1", "w1", "w2", "w3"]],
  ])("%s", (_rule, target, options, expected) => {
    expect(select(target, options)).toEqual(expected);
  });

  it("setting a state takes none along", () => {
    expect([...selectTasks(scoped, { ...none, targets: ["w2"] }).keys()]).toEqual(["w2"]);
  });
});

describe("mapped groups and loops", () => {
  const grouped = compileDag(
    dagSpec("d", tasksOf(["before", "a < before", "b < a", "after < b"], { a: { groupId: "g" }, b: { groupId: "g" } }), {
      groups: [groupSpec("g", { mapping: { kind: "expand", order: ["x"], inputs: { x: { kind: "value", value: [1, 2, 3] } } } })],
    }),
  );

  it('"instance i depends only on instance i of its group siblings": below it are its own siblings, and all outside', () => {
    const selected = selectTasks(grouped, { targets: [["a", 1]], includeUpstream: true, includeDownstream: true });
    expect([0, 1, 2].map((index) => isSelected(selected, instance("b", index)))).toEqual([false, true, false]);
    expect(isSelected(selected, instance("after"))).toBe(true);
    expect(isSelected(selected, instance("before"))).toBe(true);
  });
});

describe("passesStateFilter", () => {
  it.each([
    [false, false, ["success", "failed", "upstream_failed", "running", null]],
    [true, false, ["failed", "upstream_failed"]],
    [false, true, ["running"]],
    [true, true, ["failed", "upstream_failed", "running"]],
  ])("only failed %s, only running %s", (onlyFailed, onlyRunning, passing) => {
    const states = ["success", "failed", "upstream_failed", "running", null] as const;
    expect(states.filter((state) => passesStateFilter(state, { onlyFailed, onlyRunning }))).toEqual(passing);
  });
});

describe("selectFailedBelow", () => {
  it("`Setting a TI's state also clears the failed and upstream_failed tasks below it`", () => {
    const instances = [
      { id: 1, taskId: "a", mapIndex: -1, state: "failed" as const },
      { id: 2, taskId: "b", mapIndex: -1, state: "failed" as const },
      { id: 3, taskId: "c", mapIndex: -1, state: "upstream_failed" as const },
      { id: 4, taskId: "d", mapIndex: -1, state: "skipped" as const },
      { id: 5, taskId: "e", mapIndex: -1, state: "failed" as const },
    ];
    const ids = (marked: string[], markedIds: number[]) =>
      selectFailedBelow(graph, instances, { taskIds: marked, taskInstanceIds: new Set(markedIds) }).map(({ id }) => id);
    expect(ids(["a"], [1])).toEqual([2, 3]);
    // Marked too: it stays as it was set.
    expect(ids(["a", "b"], [1, 2])).toEqual([3]);
    expect(ids(["e"], [5])).toEqual([]);
  });
});

describe("windows", () => {
  const date = new Date("2026-01-02T00:00:00Z");

  it("`Past/future walk the schedule's logical dates; runs with no logical date get only themselves`", () => {
    expect(windowAround(date, { includePast: false, includeFuture: false })).toBeNull();
    expect(windowAround(null, { includePast: true, includeFuture: true })).toBeNull();
    expect(windowAround(date, { includePast: true, includeFuture: false })).toEqual({ from: null, to: date });
    expect(windowAround(date, { includePast: false, includeFuture: true })).toEqual({ from: date, to: null });
    expect(windowAround(date, { includePast: true, includeFuture: true })).toEqual({ from: null, to: null });
  });

  it("past and future open the window's sides", () => {
    const dates = { startDate: date, endDate: date };
    expect(windowBetween("d", { ...dates, includePast: false, includeFuture: false })).toEqual({ from: date, to: date });
    expect(windowBetween("d", { ...dates, includePast: true, includeFuture: false })).toEqual({ from: null, to: date });
    expect(windowBetween("d", { ...dates, includePast: false, includeFuture: true })).toEqual({ from: date, to: null });
    expect(windowBetween("d", { includePast: false, includeFuture: false })).toEqual({ from: null, to: null });
  });

  it("refuses a window that ends before it begins", () => {
    const options = { startDate: date, endDate: new Date(0), includePast: false, includeFuture: false };
    expect(() => windowBetween("d", options)).toThrow(expect.objectContaining({ code: "validation_failed" }));
  });
});
