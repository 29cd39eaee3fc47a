import { expect, test } from "vitest";
import { run } from "../src/database-handle.ts";
import { assertUsesIndex, explainPlan, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();

test("shows which indexes a statement reads, and runs nothing", async () => {
  const plan = await explainPlan(database.db, "update pool set slots = 1 where name = $1", ["default_pool"]);
  expect(plan.indexes).toEqual(["pool_pkey"]);
  expect(plan.seqScans).toEqual([]);
  assertUsesIndex(plan, "pool_pkey");
  expect(await run(database.db, { text: "select slots from pool" })).toEqual([{ slots: 128 }]);
});

test("a statement that no index helps is noticed, and the message shows the plan", async () => {
  const plan = await explainPlan(database.db, "select * from pool where slots = $1", [1]);
  expect(plan.seqScans).toEqual(["pool"]);
  expect(() => assertUsesIndex(plan, "pool_pkey")).toThrow(/Seq Scan on pool/);
});

test("the planner left free reads a tiny table from end to end", async () => {
  await run(database.db, { text: "analyze pool" });
  const plan = await explainPlan(database.db, "select * from pool where name = $1", ["default_pool"], { as: "planner" });
  expect(plan.seqScans).toEqual(["pool"]);
});

test("the connection keeps its own settings afterwards", async () => {
  await explainPlan(database.db, "select 1");
  expect(await run(database.db, { text: "select current_setting('enable_seqscan') as seqscan" })).toEqual([{ seqscan: "on" }]);
});
