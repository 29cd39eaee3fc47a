import { expect, test } from "vitest";
import type { Pool } from "../api/pools.ts";
import { poolUse } from "./pool-use.ts";

const POOL: Pool = {
  name: "p",
  description: null,
  team_name: null,
  include_deferred: false,
  slots: 10,
  running_slots: 4,
  queued_slots: 1,
  deferred_slots: 3,
  scheduled_slots: 7,
  occupied_slots: 5,
  open_slots: 5,
};

test("parts are shares of the slots; what waits is beside them", () => {
  expect(poolUse(POOL)).toEqual({
    slots: 10,
    parts: [
      { name: "running", slots: 4, share: 0.4 },
      { name: "queued", slots: 1, share: 0.1 },
    ],
    open: 5,
    waiting: 7,
  });
});

test("deferred tasks take slots where the pool says so", () => {
  expect(poolUse({ ...POOL, include_deferred: true }).parts.map(({ name }) => name)).toEqual(["running", "deferred", "queued"]);
});

test("a pool that was made smaller than what runs in it is full, not more than full", () => {
  expect(poolUse({ ...POOL, slots: 2, open_slots: -3 }).parts.reduce((sum, { share }) => sum + share, 0)).toBe(1);
});

test("a pool without a bound is never full", () => {
  expect(poolUse({ ...POOL, slots: -1 })).toMatchObject({ slots: null, open: Number.POSITIVE_INFINITY });
});
