import { describe, expect, it } from "vitest";
import { dagSpec, tasks } from "../test/dag-spec-factory.ts";
import { compileDag } from "./dag-graph.ts";
import {
  countRunOutcome,
  dagRunTimeoutAt,
  decideRunOutcome,
  hasTooManyFailedRuns,
  isDagRunTimedOut,
  isDeadlocked,
  stateAfterFailFast,
  stateAfterRunIsMarked,
  type UnfinishedInstance,
} from "./run-outcome.ts";
import type { MaybeState } from "./state-transitions.ts";
import { TASK_INSTANCE_STATES, type TaskInstanceState } from "./states.ts";

const graph = compileDag(dagSpec({ tasks: tasks("top", "left < top", "right < top") }));

function outcome(top: MaybeState, left: MaybeState, right: MaybeState): string {
  return decideRunOutcome(
    countRunOutcome(graph, [
      { taskId: "top", state: top },
      { taskId: "left", state: left },
      { taskId: "right", state: right },
    ]),
  ).state;
}

describe("run outcome", () => {
  it.each<[MaybeState, MaybeState, MaybeState, string, string]>([
    ["success", "success", "success", "success", "all leaves in the success set"],
    ["success", "success", "skipped", "success", "skipped is in the success set"],
    ["failed", "success", "success", "success", "a non-leaf failure alone does not fail the run"],
    ["success", "failed", "success", "failed", "any leaf in the failed set"],
    ["failed", "upstream_failed", "upstream_failed", "failed", "upstream_failed is in the failed set"],
    ["success", "failed", "running", "running", "something is unfinished"],
    ["success", "failed", null, "running", "undecided is unfinished"],
    ["success", "success", "removed", "success", "REMOVED ignored"],
    ["removed", "removed", "removed", "success", "REMOVED ignored"],
  ])("%s, %s, %s: %s (%s)", (top, left, right, state) => {
    expect(outcome(top, left, right)).toBe(state);
  });

  it("a run without tasks is a success", () => {
    expect(decideRunOutcome({ unfinished: 0, failedLeaves: 0 })).toEqual({ state: "success", reason: "success" });
  });

  it("says why it failed", () => {
    expect(decideRunOutcome({ unfinished: 0, failedLeaves: 2 })).toEqual({ state: "failed", reason: "task_failure" });
  });

  it("a mapped leaf fails the run by any of its instances", () => {
    const states = ["success", "failed", "success"] as const;
    expect(
      countRunOutcome(
        graph,
        states.map((state) => ({ taskId: "left", state })),
      ),
    ).toEqual({ unfinished: 0, failedLeaves: 1 });
  });
});

describe("deadlock", () => {
  const stuck: UnfinishedInstance = { state: null, verdict: "wait", waitsForOtherRuns: false, hasTaskLimit: false };

  it("nothing runnable, even ignoring retry and reschedule waits", () => {
    expect(isDeadlocked([stuck, { ...stuck, state: "up_for_retry" }, { ...stuck, state: "up_for_reschedule" }])).toBe(true);
  });

  it.each<[string, Partial<UnfinishedInstance>]>([
    ["a trigger rule lets one go", { verdict: "ready" }],
    ["a trigger rule gives one a state", { verdict: "set" }],
    ["a retry is waited for", { state: "up_for_retry", verdict: "ready" }],
    ["one runs", { state: "running" }],
    ["one is deferred", { state: "deferred" }],
    ["one waits for a slot", { state: "scheduled" }],
    ["one depends on the past", { waitsForOtherRuns: true }],
    ["one has a limit of its own", { hasTaskLimit: true }],
  ])("not when %s", (_why, fields) => {
    expect(isDeadlocked([stuck, { ...stuck, ...fields }])).toBe(false);
  });

  it("not when nothing is unfinished", () => {
    expect(isDeadlocked([])).toBe(false);
  });
});

describe("dagrun_timeout", () => {
  const run = { startedAt: new Date("2026-01-01T00:00:00Z"), dagrunTimeoutMs: 60_000 };

  it("fails if now > run.start + timeout", () => {
    expect(dagRunTimeoutAt(run)).toEqual(new Date("2026-01-01T00:01:00Z"));
    expect(isDagRunTimedOut(run, new Date("2026-01-01T00:01:00.000Z"))).toBe(false);
    expect(isDagRunTimedOut(run, new Date("2026-01-01T00:01:00.001Z"))).toBe(true);
  });

  it("counts from run start, not queue", () => {
    expect(isDagRunTimedOut({ ...run, startedAt: null }, new Date("2030-01-01T00:00:00Z"))).toBe(false);
    expect(isDagRunTimedOut({ ...run, dagrunTimeoutMs: null }, new Date("2030-01-01T00:00:00Z"))).toBe(false);
  });
});

it("max_consecutive_failed_dag_runs: last N runs all failed", () => {
  expect(hasTooManyFailedRuns(["failed", "failed"], 2)).toBe(true);
  expect(hasTooManyFailedRuns(["failed", "failed", "success"], 2)).toBe(true);
  expect(hasTooManyFailedRuns(["failed", "running"], 2)).toBe(false);
  expect(hasTooManyFailedRuns(["failed"], 2)).toBe(false);
  expect(hasTooManyFailedRuns(["failed", "failed"], 0)).toBe(false);
});

describe("states given to many at once", () => {
  const ALL: MaybeState[] = [null, ...TASK_INSTANCE_STATES];
  const table = (give: (state: MaybeState) => TaskInstanceState | null): Record<string, TaskInstanceState | null> =>
    Object.fromEntries(ALL.map((state) => [state ?? "none", give(state)]));
  const unfinished = {
    none: "skipped",
    scheduled: "skipped",
    queued: "skipped",
    restarting: "skipped",
    up_for_retry: "skipped",
    awaiting_input: "skipped",
  };
  const finished = { success: null, failed: null, skipped: null, upstream_failed: null, removed: null };

  it("fail_fast fails running tasks and skips the rest", () => {
    expect(table(stateAfterFailFast)).toEqual({ ...unfinished, up_for_reschedule: "skipped", deferred: "skipped", running: "failed", ...finished });
  });

  it("mark run failed: running/deferred/up_for_reschedule -> failed, other unfinished -> skipped", () => {
    expect(table((state) => stateAfterRunIsMarked(state, "failed"))).toEqual({
      ...unfinished,
      up_for_reschedule: "failed",
      deferred: "failed",
      running: "failed",
      ...finished,
    });
  });

  it("mark run success: every task instance -> success", () => {
    for (const state of ALL) {
      expect(stateAfterRunIsMarked(state, "success")).toBe(state === "success" || state === "removed" ? null : "success");
    }
  });
});
