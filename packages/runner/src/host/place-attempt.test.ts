import { describe, expect, test } from "vitest";
import { DEFAULT_CHILD_POLICY } from "./host-options.ts";
import { attemptsAhead, type ChildView, placeAttempt } from "./place-attempt.ts";

const child = (state: ChildView["state"], bundle: string, sinceAt = 0, importing = false, isRunnable = false): ChildView => ({
  state,
  bundles: new Set([bundle]),
  memoryLimitMb: null,
  sinceAt,
  importing,
  attemptsRun: importing ? 0 : 1,
  isRunnable: () => isRunnable,
});
const place = (
  children: ChildView[],
  more: { slots?: number; now?: number; readyAt?: number; typicalMs?: number; lastOverflowAt?: number; bundlesPerChild?: number } = {},
) =>
  placeAttempt(
    { bundleKey: "a", memoryLimitMb: null, readyAt: more.readyAt ?? 100 },
    {
      children,
      slots: more.slots ?? 4,
      cores: 2,
      typicalMs: more.typicalMs ?? 100,
      lastOverflowAt: more.lastOverflowAt ?? -Infinity,
      now: more.now ?? 100,
    },
    { ...DEFAULT_CHILD_POLICY, bundlesPerChild: more.bundlesPerChild ?? 1 },
  );

describe("which child runs an attempt", () => {
  test("an idle one with its bundle, before all others", () => {
    const mine = child("idle", "a");
    expect(place([child("idle", "b"), mine])).toEqual({ kind: "use", child: mine });
  });

  test("a new one when none has its bundle", () => {
    expect(place([child("busy", "b")])).toEqual({ kind: "start" });
  });

  test("never a child of another bundle, unless bundles may share one", () => {
    const other = child("idle", "b");
    expect(place([other])).toEqual({ kind: "start" });
    expect(place([other], { bundlesPerChild: 2 })).toEqual({ kind: "use", child: other });
    expect(place([{ ...other, bundles: new Set(["b", "c"]) }], { bundlesPerChild: 2 })).toEqual({ kind: "start" });
  });

  test("it waits a moment for any child that takes its bundle, but not for one that is full or has another memory limit", () => {
    const other = child("busy", "b", 99);
    expect(place([other], { bundlesPerChild: 2 })).toEqual({ kind: "wait", atMostMs: 10 });
    expect(place([{ ...other, bundles: new Set(["b", "c"]) }], { bundlesPerChild: 2 })).toEqual({ kind: "start" });
    expect(place([{ ...other, memoryLimitMb: 64 }], { bundlesPerChild: 2 })).toEqual({ kind: "start" });
  });

  test("it waits a moment for a child that has just begun, since tasks may be short", () => {
    expect(place([child("busy", "a", 99)])).toEqual({ kind: "wait", atMostMs: 10 });
    expect(place([child("busy", "a", 99)], { readyAt: 90 })).toEqual({ kind: "start" });
  });

  test("a process that imports a further bundle is waited for, one that has just been started is not", () => {
    const further = { ...child("busy", "b", 50, true), attemptsRun: 1 };
    expect(place([further], { bundlesPerChild: 2 })).toEqual({ kind: "wait", atMostMs: 10 });
    expect(place([further], { bundlesPerChild: 2, now: 200, readyAt: 200 })).toEqual({ kind: "start" });
    expect(place([{ ...further, attemptsRun: 0 }], { bundlesPerChild: 2 })).toEqual({ kind: "start" });
  });

  test("children that are full do not count as lanes for a bundle they do not have", () => {
    const [free, full] = [child("busy", "b", 99), { ...child("busy", "c", 99), bundles: new Set(["c", "d"]) }];
    expect(place([free, full], { bundlesPerChild: 2, typicalMs: 2, readyAt: 0 })).toEqual({ kind: "start" });
    expect(place([free, { ...free }], { bundlesPerChild: 2, typicalMs: 2, readyAt: 0 })).toEqual({ kind: "wait", atMostMs: 10 });
  });

  test("it does not wait for a child that has been busy for long", () => {
    expect(place([child("busy", "a", 50)])).toEqual({ kind: "start" });
  });

  test("tasks that only compute for a moment get no more children than cores", () => {
    expect(place([child("busy", "a", 99), child("busy", "a", 99)], { readyAt: 0, typicalMs: 0.5 })).toMatchObject({ kind: "wait" });
  });

  test("no more processes start at once than there are cores, unless their imports wait for something else", () => {
    expect(place([child("busy", "b", 90, true), child("busy", "c", 90, true)])).toMatchObject({ kind: "wait" });
    expect(place([child("busy", "b", 90, true), child("busy", "c", 90, true)], { now: 3_000 })).toEqual({ kind: "start" });
  });

  test("instant tasks do not spread over idle children beyond the cores, however many wait, unless one of those at work is held up", () => {
    const idle = child("idle", "a");
    const busy = [child("busy", "a", 99), child("busy", "a", 99)];
    expect(place([...busy, idle], { typicalMs: 0.1 })).toMatchObject({ kind: "wait" });
    expect(place([...busy, idle], { typicalMs: 0.1, readyAt: 50 })).toMatchObject({ kind: "wait" });
    expect(place([busy[0]!, child("busy", "a", 89), idle], { typicalMs: 0.1 })).toEqual({ kind: "use", child: idle });
    expect(place([...busy, idle], { typicalMs: 5 })).toEqual({ kind: "use", child: idle });
  });

  test("a process that only waits for a core is not held up: no further one is started for instant tasks, for a while", () => {
    const starved = (sinceAt: number) => child("busy", "a", sinceAt, false, true);
    expect(place([starved(50), starved(50)], { typicalMs: 0.1, readyAt: 0 })).toMatchObject({ kind: "wait" });
    expect(place([starved(50), child("busy", "a", 50)], { typicalMs: 0.1, readyAt: 0 })).toEqual({ kind: "start" });
    expect(place([starved(50), starved(50)], { typicalMs: 5, readyAt: 0 })).toEqual({ kind: "start" });
    expect(place([starved(0), starved(0)], { typicalMs: 0.1, readyAt: 0 })).toEqual({ kind: "start" });
  });

  test("with all slots taken, an idle child of another bundle makes room", () => {
    const old = child("idle", "b", 10);
    expect(place([child("busy", "c"), child("idle", "d", 50), old], { slots: 3 })).toEqual({ kind: "replace", child: old });
  });

  test("an attempt that was granted ahead does not sit behind long tasks for ever", () => {
    expect(place([child("busy", "a")], { slots: 1 })).toEqual({ kind: "wait", atMostMs: 500 });
    expect(place([child("busy", "a")], { slots: 1, now: 600 })).toEqual({ kind: "start" });
    expect(place([child("busy", "a")], { slots: 1, now: 600, lastOverflowAt: 500 })).toEqual({ kind: "wait", atMostMs: 400 });
  });
});

describe("how many attempts are held ahead", () => {
  test("none while tasks are long", () => {
    expect(attemptsAhead({ slots: 16, cores: 2, typicalMs: 100, roundTripMs: 5 })).toBe(0);
  });

  test("as many as are done within the round trip to the server, within bounds", () => {
    expect(attemptsAhead({ slots: 2, cores: 2, typicalMs: 1, roundTripMs: 5 })).toBe(15);
    expect(attemptsAhead({ slots: 2, cores: 2, typicalMs: 0.01, roundTripMs: 50 })).toBe(64);
  });
});
