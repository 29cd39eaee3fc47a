import { beforeEach, expect, test } from "vitest";
import { ApiReach } from "./api-reach.ts";

let nowMs: number;
let answer: () => Promise<boolean>;
let told: string[];
let reach: ApiReach;

beforeEach(() => {
  nowMs = 0;
  told = [];
  const tell = (_: object, message: string): void => void told.push(message);
  reach = new ApiReach({
    ask: () => answer(),
    heartbeatMs: 5_000,
    holdMs: 300_000,
    clock: { now: () => nowMs },
    logger: { debug: tell, info: tell, warn: tell, error: tell },
  });
});

const yes = async (): Promise<boolean> => true;
const no = async (): Promise<boolean> => false;
const broken = (): Promise<boolean> => Promise.reject(new Error("connect ECONNREFUSED"));

async function isThereAt(at: number): Promise<boolean> {
  nowMs = at;
  return reach.isThere();
}

test("one that answered is waited for as long as hosts hold attempts, and that it is not is told once", async () => {
  answer = yes;
  expect(await isThereAt(0)).toBe(true);
  answer = broken;
  expect(await isThereAt(5_000)).toBe(false);
  answer = no;
  for (let at = 10_000; at < 304_999; at += 10_000) expect(await isThereAt(at)).toBe(false);
  expect(await isThereAt(304_999)).toBe(false);
  expect(await isThereAt(305_000)).toBe(true);
  expect(await isThereAt(310_000)).toBe(true);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("does not answer this scheduler");
});

test("one that comes back is waited for anew the next time", async () => {
  answer = yes;
  await isThereAt(0);
  answer = no;
  await isThereAt(5_000);
  answer = yes;
  expect(await isThereAt(200_000)).toBe(true);
  answer = no;
  for (let at = 400_000; at < 700_000; at += 10_000) expect(await isThereAt(at)).toBe(false);
  expect(told).toEqual([]);
});

test("one that has never answered may be out of this scheduler's reach: a minute is enough", async () => {
  answer = no;
  expect(await isThereAt(0)).toBe(false);
  expect(await isThereAt(59_999)).toBe(false);
  expect(await isThereAt(60_000)).toBe(true);
});

test("in a sleep nobody asks: it does not count as silence", async () => {
  answer = yes;
  await isThereAt(0);
  answer = no;
  expect(await isThereAt(5_000)).toBe(false);
  expect(await isThereAt(9_000_000)).toBe(false);
  expect(await isThereAt(100)).toBe(false);
});

test("questions that are far apart by plan are no sleep", async () => {
  const seldom = new ApiReach({
    ask: no,
    heartbeatMs: 120_000,
    holdMs: 300_000,
    clock: { now: () => nowMs },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const answers: boolean[] = [];
  for (nowMs = 0; nowMs <= 360_000; nowMs += 120_000) answers.push(await seldom.isThere());
  expect(answers).toEqual([false, true, true, true]);
});
