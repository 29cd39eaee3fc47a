import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Reachability, type HostTrouble } from "./reachability.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

function begin() {
  const told: (HostTrouble | string)[] = [];
  const reachability = new Reachability({ onTrouble: (trouble) => told.push(trouble), onRecovered: (doing) => told.push(`${doing} works`) });
  const refuse = () => expect(reachability.watch("exchange", () => Promise.reject(new Error("404 not found")))).rejects.toThrow("404");
  return { told, reachability, refuse };
}

test("failures become trouble when they last, are told again, and their end is told", async () => {
  const { told, reachability, refuse } = begin();
  await refuse();
  vi.advanceTimersByTime(4_000);
  await refuse();
  expect(told).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(told).toEqual([{ doing: "exchange", forMs: 5_000, failures: 2, error: "404 not found" }]);
  vi.advanceTimersByTime(30_000);
  expect(told).toHaveLength(2);
  await reachability.watch("exchange", () => Promise.resolve());
  expect(told.at(-1)).toBe("exchange works");
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(3);
});

test("a call that is never answered is trouble as well", () => {
  const { told, reachability } = begin();
  void reachability.watch("register", () => new Promise(() => undefined));
  vi.advanceTimersByTime(5_000);
  expect(told).toMatchObject([{ doing: "register", failures: 0, error: "no answer yet" }]);
});

test("one kind of call that works does not hide another that does not; a single failure is no trouble", async () => {
  const { told, reachability, refuse } = begin();
  await refuse();
  await expect(reachability.watch("register", () => Promise.reject(new Error("once")))).rejects.toThrow("once");
  await reachability.watch("register", () => Promise.resolve());
  vi.advanceTimersByTime(10_000);
  expect(told).toMatchObject([{ doing: "exchange" }]);
});

test("that a call failed the last time is told at once, and when none did any more", async () => {
  const changes: boolean[] = [];
  const quiet = () => undefined;
  const reachability: Reachability = new Reachability({
    onTrouble: quiet,
    onRecovered: quiet,
    onChanged: () => void changes.push(reachability.isFailing),
  });
  const fail = (doing: string) => expect(reachability.watch(doing, () => Promise.reject(new Error("503")))).rejects.toThrow("503");
  await reachability.watch("exchange", () => Promise.resolve());
  expect(changes).toEqual([]);
  await fail("exchange");
  await fail("exchange");
  await fail("heartbeat");
  await reachability.watch("exchange", () => Promise.resolve());
  expect(changes).toEqual([true]);
  await reachability.watch("heartbeat", () => Promise.resolve());
  expect(changes).toEqual([true, false]);
});

test("how long the API has been silent is what the longest failing kind of call says", async () => {
  const { reachability, refuse } = begin();
  expect(reachability.silentForMs()).toBe(0);
  await refuse();
  vi.advanceTimersByTime(3_000);
  void reachability.watch("heartbeat", () => new Promise(() => undefined));
  vi.advanceTimersByTime(1_000);
  expect(reachability.silentForMs()).toBe(4_000);
  await reachability.watch("exchange", () => Promise.resolve());
  expect(reachability.silentForMs()).toBe(1_000);
});
