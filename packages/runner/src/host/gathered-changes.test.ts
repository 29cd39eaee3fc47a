import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GatheredChanges } from "./gathered-changes.ts";
import type { HostChange } from "./host-options.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function begin() {
  const told: HostChange[] = [];
  return { told, changes: new GatheredChanges((change) => told.push(change)) };
}

test("a free place is told soon, with all that came and went until then", () => {
  const { told, changes } = begin();
  changes.note({ ended: "a" });
  changes.note({ ended: "b" });
  vi.advanceTimersByTime(5);
  expect(told).toEqual([{ taken: [], ended: ["a", "b"] }]);
});

test("what came in the place of what went is told later, many together", () => {
  const { told, changes } = begin();
  for (const [taken, ended] of ["ba", "cb", "dc"]) {
    changes.note({ taken });
    changes.note({ ended });
    vi.advanceTimersByTime(15);
  }
  expect(told).toEqual([]);
  vi.advanceTimersByTime(5);
  expect(told).toEqual([{ taken: ["b", "c", "d"], ended: ["a", "b", "c"] }]);
  vi.advanceTimersByTime(1_000);
  expect(told).toHaveLength(1);
});

test("a place that is free after all does not wait for that", () => {
  const { told, changes } = begin();
  changes.note({ taken: "b" });
  changes.note({ ended: "a" });
  vi.advanceTimersByTime(10);
  changes.note({ ended: "b" });
  vi.advanceTimersByTime(5);
  expect(told).toEqual([{ taken: ["b"], ended: ["a", "b"] }]);
  changes.note({ ended: "c" });
  vi.advanceTimersByTime(5);
  expect(told).toHaveLength(2);
});

test("a change of the load alone is told soon", () => {
  const { told, changes } = begin();
  changes.note();
  vi.advanceTimersByTime(5);
  expect(told).toEqual([{ taken: [], ended: [] }]);
});
