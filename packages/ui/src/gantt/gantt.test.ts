import { describe, expect, it } from "vitest";
import type { GanttTask, GanttTry } from "../api/dag-runs-page.ts";
import { gridRows } from "../grid/grid-rows.ts";
import { gridGroup, gridTask } from "../grid/grid-samples.ts";
import { criticalPath } from "./critical-path.ts";
import { ganttChart, groupSpan, taskBars } from "./gantt-bars.ts";
import { tickLabel, timeTicks } from "./time-ticks.ts";

const iso = (second: number | null) => (second === null ? null : new Date(second * 1000).toISOString());
type Times = [scheduled: number | null, queued: number | null, start: number | null, end: number | null];
const attempt = (number: number, state: string | null, [scheduled, queued, start, end]: Times, fields: Partial<GanttTry> = {}): GanttTry => ({
  try_number: number,
  state,
  scheduled_when: iso(scheduled),
  queued_when: iso(queued),
  start_date: iso(start),
  end_date: iso(end),
  reschedules: 0,
  first_start: null,
  ...fields,
});
const ganttTask = (taskId: string, tries: GanttTry[], counts?: GanttTask["counts"]): GanttTask => ({
  task_id: taskId,
  instances: counts === undefined ? 1 : counts.reduce((sum, [, count]) => sum + count, 0),
  counts: counts ?? [[tries.at(-1)?.state ?? null, 1]],
  tries,
});
const partsOf = (task: GanttTask, now = 100_000) =>
  taskBars(task, now).map((bar) => bar.parts.map(({ kind, startMs, endMs, isOpen }) => [kind, startMs / 1000, endMs / 1000, isOpen]));

describe("taskBars", () => {
  it("is for each try how long it waited for a place, for a worker, and ran", () => {
    const task = ganttTask("a", [attempt(1, "failed", [1, 2, 3, 5]), attempt(2, "success", [8, 9, 10, 20])]);
    expect(partsOf(task)).toEqual([
      [
        ["scheduled", 1, 2, false],
        ["queued", 2, 3, false],
        ["ran", 3, 5, false],
      ],
      [
        ["scheduled", 8, 9, false],
        ["queued", 9, 10, false],
        ["ran", 10, 20, false],
      ],
    ]);
  });

  it("grows while it runs or waits, and only then", () => {
    expect(partsOf(ganttTask("a", [attempt(1, "running", [1, 2, 3, null])]))[0]!.at(-1)).toEqual(["ran", 3, 100, true]);
    expect(partsOf(ganttTask("a", [attempt(0, "queued", [1, 2, null, null])]))).toEqual([
      [
        ["scheduled", 1, 2, false],
        ["queued", 2, 100, true],
      ],
    ]);
    expect(partsOf(ganttTask("a", [attempt(0, "scheduled", [1, null, null, null])]))).toEqual([[["scheduled", 1, 100, true]]]);
    expect(partsOf(ganttTask("a", [attempt(1, "up_for_retry", [1, 2, 3, null])]))).toEqual([
      [
        ["scheduled", 1, 2, false],
        ["queued", 2, 3, false],
      ],
    ]);
    expect(partsOf(ganttTask("a", [attempt(0, null, [null, null, null, null])]))).toEqual([]);
  });

  it("is one bar for all instances of a mapped task, in the state that most asks for attention, open while one goes on", () => {
    const task = ganttTask(
      "a",
      [attempt(1, "success", [1, 2, 3, null])],
      [
        ["success", 3],
        ["running", 1],
      ],
    );
    const [bar] = taskBars(task, 100_000);
    expect(bar).toMatchObject({ instances: 4, state: "running", endMs: 100_000 });
  });

  it("begins at the first call of a sensor that gave its place back", () => {
    const task = ganttTask("a", [attempt(1, "success", [1, 2, 50, 51], { reschedules: 4, first_start: iso(3) })]);
    expect(partsOf(task)[0]!.at(-1)).toEqual(["ran", 3, 51, false]);
  });
});

describe("ganttChart", () => {
  const tasks = [
    ganttTask("g.a", [attempt(1, "success", [10, 11, 12, 20])]),
    ganttTask("g.b", [attempt(1, "success", [21, 22, 23, 30])]),
    ganttTask("c", []),
  ];

  it("goes from the run's start to the last end, or to now", () => {
    expect(ganttChart({ tasks }, { startMs: 9000, endMs: 31_000 }, 99_000)).toMatchObject({ startMs: 9000, endMs: 30_000 });
    expect(ganttChart({ tasks }, { startMs: 9000, endMs: null }, 99_000)).toMatchObject({ endMs: 99_000 });
    expect(ganttChart({ tasks: [] }, { startMs: 9000, endMs: null }, 99_000)).toBeUndefined();
  });

  it("sums up a group", () => {
    const rows = gridRows({ tasks: [gridTask("g.a", "g"), gridTask("c"), gridTask("g.b", "g")], groups: [gridGroup("g")] }, new Set(["g"]));
    const chart = ganttChart({ tasks }, { startMs: 9000, endMs: 31_000 }, 99_000)!;
    expect(groupSpan(rows[0] as never, ["g.a", "c", "g.b"], chart)).toEqual({ startMs: 10_000, endMs: 30_000 });
  });
});

describe("criticalPath", () => {
  const span = (startMs: number, endMs: number) => ({ startMs, endMs });

  it("goes back from what ended last to what it waited for", () => {
    const upstreams = new Map([
      ["d", ["b", "c"]],
      ["b", ["a"]],
      ["c", ["a"]],
      ["e", ["a"]],
    ]);
    const spans = new Map([
      ["a", span(0, 10)],
      ["b", span(10, 40)],
      ["c", span(10, 20)],
      ["e", span(10, 45)],
      ["d", span(41, 50)],
    ]);
    expect(criticalPath(upstreams, spans)).toEqual(["a", "b", "d"]);
  });

  it("leads through tasks that did not run, and never waits for what ended later", () => {
    const upstreams = new Map([
      ["c", ["empty", "late"]],
      ["empty", ["a"]],
    ]);
    const spans = new Map([
      ["a", span(0, 10)],
      ["late", span(0, 30)],
      ["c", span(10, 50)],
    ]);
    expect(criticalPath(upstreams, spans)).toEqual(["a", "c"]);
    expect(criticalPath(upstreams, new Map())).toEqual([]);
  });
});

describe("the time axis", () => {
  it("has as many round instants as fit", () => {
    expect(timeTicks(3500, 9200, 6)).toEqual({ stepMs: 1000, at: [4000, 5000, 6000, 7000, 8000, 9000] });
    expect(timeTicks(0, 90_000, 4)).toEqual({ stepMs: 30_000, at: [0, 30_000, 60_000, 90_000] });
  });

  it("says as much of an instant as the lines are apart", () => {
    const shown = "2026-11-21 06:30:05";
    expect([86_400_000, 3_600_000, 5000, 50].map((step) => tickLabel(shown, 1_763_706_605_250, step))).toEqual([
      "11-21",
      "06:30",
      "06:30:05",
      "05.250",
    ]);
  });
});
