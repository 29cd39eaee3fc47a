import { run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, HOST, ok, runStateOf, startEngine, storeDags, task, trigger } from "./fixture.ts";

/** PostgreSQL has no disk left for a while: what ended well is told again until it can be stored, and does not fail because it could not. */
const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { executors: ["local"] });
});
afterAll(() => engine.close());

/** From now on nothing can be written of task instances, as where the disk is full. */
async function fillDisk(): Promise<{ refusals(): Promise<number>; makeRoom(): Promise<void> }> {
  const sql = (text: string): Promise<unknown> => run(database.db, { text });
  // Not undone with the transaction: it counts what was refused.
  await sql("create sequence refusals");
  await sql(`create function refuse() returns trigger language plpgsql as $$
    begin perform nextval('refusals'); raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  await sql("create trigger disk_full before update on task_instance for each row execute function refuse()");
  const makeRoom = async (): Promise<void> => void (await sql("drop trigger if exists disk_full on task_instance"));
  onTestFinished(async () => {
    await makeRoom();
    await sql("drop function refuse()");
    await sql("drop sequence refusals");
  });
  return {
    async refusals() {
      const [row] = await run<{ last: number }>(database.db, { text: "select case when is_called then last_value else 0 end as last from refusals" });
      return row!.last;
    },
    makeRoom,
  };
}

test("a finish that finds the disk full is stored when there is room, as the success that it is", async () => {
  await storeDags(engine, dagSpec("full", [task("a")]));
  const { dagRunId } = await trigger(engine, "full");
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  const disk = await fillDisk();
  const finishing = engine.exchange({
    hostId: HOST,
    starts: [],
    finishes: granted.map(({ attemptId }) => ({ attemptId, outcome: ok(), durationMs: 1 })),
    want: 0,
    queues: null,
  });
  await expect.poll(() => disk.refusals(), { timeout: 10_000 }).toBeGreaterThan(2);
  await disk.makeRoom();
  expect((await finishing).finished).toMatchObject([{ accepted: true }]);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
});
