import { describe, expect, it } from "vitest";
import { processTree, proportionalMb } from "./processes.ts";
import { type UsageMark, usageBetween } from "./usage.ts";

const mark = (fields: Partial<UsageMark> & Pick<UsageMark, "at" | "parts" | "totalMs">): UsageMark => ({
  statements: 0,
  walBytes: 0,
  ...fields,
});

describe("usage between two marks", () => {
  const before = mark({
    at: 0,
    parts: new Map([
      [1, { part: "service", ownMs: 1_000 }],
      [2, { part: "children", ownMs: 500 }],
    ]),
    totalMs: 1_500,
    statements: 10,
  });
  // Process 2 has ended with 700 ms, which its parent now has; process 3 is new.
  const after = mark({
    at: 2_000,
    parts: new Map([
      [1, { part: "service", ownMs: 1_400 }],
      [3, { part: "children", ownMs: 300 }],
    ]),
    totalMs: 1_400 + 700 + 300,
    statements: 110,
  });
  const usage = usageBetween(before, after);

  it("loses nothing of what ended meanwhile", () => {
    expect(usage.cpuSecondsTotal).toBe(0.9);
    expect(usage.cpuSeconds).toEqual({ service: 0.4, children: 0.3, "ended processes": 0.2 });
  });

  it("tells cores and statements of the time between", () => expect(usage).toMatchObject({ seconds: 2, coresBusy: 0.45, statements: 100 }));
});

it("a process tree holds this process, with its memory", () => {
  const self = processTree(process.pid).find(({ pid }) => pid === process.pid);
  expect(self!.residentMb).toBeGreaterThan(10);
  expect(self!.ownMs).toBeGreaterThan(0);
  expect(proportionalMb(self!)).toBeGreaterThan(1);
  expect(proportionalMb(self!)).toBeLessThanOrEqual(self!.residentMb * 1.5);
});
