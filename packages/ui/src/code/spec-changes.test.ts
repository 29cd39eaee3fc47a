import type { DagSpec, TaskSpec } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { specChanges } from "./spec-changes.ts";

const task = (taskId: string, more: Partial<TaskSpec> = {}): TaskSpec =>
  ({ taskId, operator: "task", upstream: [], retries: 0, retryDelayMs: 300_000, triggerRule: "all_success", inputs: {}, ...more }) as TaskSpec;
const dag = (more: Partial<DagSpec> = {}): DagSpec =>
  ({
    specVersion: 2,
    dagId: "sales",
    description: null,
    tags: [],
    schedule: { kind: "none" },
    maxActiveRuns: 16,
    dagrunTimeoutMs: null,
    params: {},
    groups: [],
    tasks: [],
    ...more,
  }) as unknown as DagSpec;
const told = (before: DagSpec, after: DagSpec): string[] =>
  specChanges(before, after).map(({ kind, subject, text }) => `${kind}: ${subject}${text === "" ? "" : `: ${text}`}`);

describe("specChanges", () => {
  it("says nothing when nothing changed but code", () => {
    expect(told(dag({ tasks: [task("a")] }), dag({ tasks: [task("a")] }))).toEqual([]);
  });

  it("tells tasks that came, went, and wait for others", () => {
    const before = dag({ tasks: [task("extract"), task("load", { upstream: ["extract"] }), task("old")] });
    const after = dag({
      tasks: [task("extract"), task("clean", { upstream: ["extract"] }), task("load", { upstream: ["clean"], retries: 3, retryDelayMs: 30_000 })],
    });
    expect(told(before, after)).toEqual([
      "added: Task clean",
      "changed: Task load: now waits for clean, no longer waits for extract; retries 0 → 3; retry delay 5 m 00 s → 30 s",
      "removed: Task old",
    ]);
  });

  it("tells the schedule as people read it, and options by their names", () => {
    const schedule = { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: false } as const;
    const before = dag({ schedule: { ...schedule, crons: ["0 6 * * *"] } });
    const after = dag({ schedule: { ...schedule, crons: ["0 7 * * *"] }, maxActiveRuns: 1, tags: ["eu", "daily"], dagrunTimeoutMs: 3_600_000 });
    expect(told(before, after)).toEqual([
      "changed: Schedule: 0 6 * * * (At 06:00) → 0 7 * * * (At 07:00)",
      "changed: Tags: none → eu, daily",
      "changed: Max active runs: 16 → 1",
      "changed: Dagrun timeout: none → 1 h 00 m",
    ]);
    expect(told(before, dag())).toEqual(["changed: Schedule: 0 6 * * * (At 06:00) → none"]);
  });

  it("tells params", () => {
    const before = dag({ params: { day: { schema: {}, default: "x", description: null } } });
    const after = dag({ params: { day: { schema: {}, default: "y", description: null }, limit: { schema: {}, description: null } } });
    expect(told(before, after)).toEqual(["added: Param limit", "changed: Param day: default x → y"]);
  });

  it("tells that the same params stand in another order", () => {
    const params = { city: { schema: {}, description: null }, day: { schema: {}, description: null } };
    expect(told(dag({ params }), dag({ params, paramOrder: ["day", "city"] }))).toEqual(["changed: Params: now in the order day, city"]);
    expect(told(dag({ params }), dag({ params, paramOrder: ["city", "day"] }))).toEqual([]);
  });
});
