import { expect, it } from "vitest";
import { activeRunsKey, mayCreateRun, planRunStarts, type QueuedRun } from "./run-limits.ts";

const run = (id: number, fields: Partial<QueuedRun> = {}): QueuedRun => ({ id, dagId: "sales", backfillId: null, maxActiveRuns: 2, ...fields });

it("starts a run only if the running count of its DAG is below the limit", () => {
  expect(planRunStarts([run(1), run(2), run(3, { dagId: "other" })], new Map([["dag:sales", 1]]))).toEqual([1, 3]);
});

it("a backfill has its own limit and is not counted against the DAG", () => {
  const queued = [run(1), run(2), run(3, { backfillId: 7, maxActiveRuns: 1 }), run(4, { backfillId: 7, maxActiveRuns: 1 })];
  expect(planRunStarts(queued, new Map())).toEqual([1, 2, 3]);
  expect(planRunStarts(queued, new Map([["backfill:7", 1]]))).toEqual([1, 2]);
  expect(activeRunsKey({ dagId: "sales", backfillId: 7 })).not.toBe(activeRunsKey({ dagId: "sales", backfillId: null }));
});

it("queued + running >= limit stops creating", () => {
  expect(mayCreateRun({ queuedRuns: 1, runningRuns: 1, maxActiveRuns: 3 })).toBe(true);
  expect(mayCreateRun({ queuedRuns: 1, runningRuns: 2, maxActiveRuns: 3 })).toBe(false);
});
