import { describe, expect, it } from "vitest";
import {
  FAILED_STATES,
  isFailed,
  isFinishedDagRun,
  isLegalDagRunTransition,
  isLegalTransition,
  isSuccess,
  isTerminal,
  type MaybeState,
  nextTaskInstanceStates,
  SUCCESS_STATES,
} from "./state-transitions.ts";
import { DAG_RUN_STATES, TASK_INSTANCE_STATES, TERMINAL_STATES } from "./states.ts";

const ALL: MaybeState[] = [null, ...TASK_INSTANCE_STATES];
const UNFINISHED = ALL.filter((state) => !isTerminal(state));

describe("task instance transitions", () => {
  it.each<[string, MaybeState, MaybeState]>([
    ["deps met", null, "scheduled"],
    ["deps met after a retry wait", "up_for_retry", "scheduled"],
    ["deps met after a reschedule", "up_for_reschedule", "scheduled"],
    ["an empty task is never executed", null, "success"],
    ["the trigger rule can no longer hold", null, "upstream_failed"],
    ["an upstream branch decided", null, "skipped"],
    ["claimed", "scheduled", "queued"],
    ["run already finished", "scheduled", null],
    ["started", "queued", "running"],
    ["started", "restarting", "running"],
    ["stuck in the queue", "queued", "scheduled"],
    ["stuck too often", "queued", "failed"],
    ["lease lost, tries left", "running", "up_for_retry"],
    ["deferred", "running", "deferred"],
    ["waits for a person", "running", "awaiting_input"],
    ["trigger fired", "deferred", "scheduled"],
    ["a trigger ends the task", "deferred", "success"],
    ["nobody could adopt it", "running", null],
    ["the task has gone", "success", "removed"],
    ["the task is back", "removed", null],
  ])("%s: %s -> %s", (_why, from, to) => {
    expect(isLegalTransition(from, to)).toBe(true);
  });

  it.each<[MaybeState, MaybeState]>([
    [null, "queued"],
    [null, "running"],
    ["scheduled", "running"],
    ["up_for_retry", "queued"],
    ["deferred", "running"],
    ["running", "scheduled"],
    ["running", "upstream_failed"],
  ])("never %s -> %s", (from, to) => {
    expect(isLegalTransition(from, to)).toBe(false);
    expect(isLegalTransition(from, to, "person")).toBe(false);
  });

  it("a final state is left only by an explicit clear, or with the task itself", () => {
    for (const from of TERMINAL_STATES) {
      expect(nextTaskInstanceStates(from)).toEqual(from === "removed" ? [null] : ["removed"]);
      expect(isLegalTransition(from, null, "person")).toBe(true);
    }
  });

  it("a person clears anything; what runs has to stop first", () => {
    for (const from of ALL) {
      if (from === null) continue;
      expect(isLegalTransition(from, from === "running" ? "restarting" : null, "person")).toBe(true);
    }
    expect(isLegalTransition("queued", "restarting", "person")).toBe(false);
  });

  it("a person sets success, failed or skipped from anywhere else", () => {
    for (const from of ALL) {
      for (const to of ["success", "failed", "skipped"] as const) expect(isLegalTransition(from, to, "person")).toBe(from !== to);
    }
  });

  it("whatever is unfinished can be skipped (the run timed out) and removed", () => {
    for (const from of UNFINISHED) {
      expect(isLegalTransition(from, "skipped")).toBe(true);
      expect(isLegalTransition(from, "removed")).toBe(true);
    }
  });

  it("every unfinished state can reach an end, and every state is reached from none", () => {
    const reached = new Set<MaybeState>([null]);
    for (const state of reached) for (const next of nextTaskInstanceStates(state, "person")) reached.add(next);
    expect(reached.size).toBe(ALL.length);
  });

  it("staying is no transition", () => {
    for (const state of ALL) {
      expect(isLegalTransition(state, state)).toBe(false);
      expect(isLegalTransition(state, state, "person")).toBe(false);
    }
  });
});

describe("sets of states", () => {
  it("split the terminal states: success, failed, removed", () => {
    expect([...SUCCESS_STATES, ...FAILED_STATES, "removed"].sort()).toEqual([...TERMINAL_STATES].sort());
    expect(ALL.filter(isSuccess)).toEqual(["success", "skipped"]);
    expect(ALL.filter(isFailed)).toEqual(["failed", "upstream_failed"]);
    expect(UNFINISHED).toContain(null);
    expect(UNFINISHED).toContain("restarting");
  });
});

describe("DAG run transitions", () => {
  it("a finished run goes back only by clear or user", () => {
    for (const from of DAG_RUN_STATES.filter(isFinishedDagRun)) {
      for (const to of DAG_RUN_STATES) {
        expect(isLegalDagRunTransition(from, to)).toBe(false);
        expect(isLegalDagRunTransition(from, to, "person")).toBe(from !== to);
      }
    }
  });

  it("by itself a run is queued, runs, ends", () => {
    expect(isLegalDagRunTransition("queued", "running")).toBe(true);
    expect(isLegalDagRunTransition("running", "success")).toBe(true);
    expect(isLegalDagRunTransition("running", "failed")).toBe(true);
    expect(isLegalDagRunTransition("queued", "success")).toBe(false);
    expect(isLegalDagRunTransition("running", "queued")).toBe(false);
  });
});
