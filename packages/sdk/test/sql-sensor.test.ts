import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sqlSensor } from "../src/sensors/index.ts";
import { SensorClock } from "./sensor-clock.ts";
import { makeSqlDatabase, type SqlDatabase } from "./sql-database.ts";

let db: SqlDatabase;
let clock: SensorClock;
beforeAll(async () => {
  db = await makeSqlDatabase("sdk_sql_sensor");
});
afterAll(() => db.drop());
beforeEach(() => {
  clock = new SensorClock();
  clock.runtime.connections.set("db", db.connection("db"));
});

const connection = "db";
const mode = "reschedule";

describe("sqlSensor", () => {
  // "Keep trying until success or failure criteria are met, or if the first cell is not either 0, '0', '', or None."
  it.each([
    ["select 1", "success"],
    ["select 'x'", "success"],
    ["select true", "success"],
    ["select 0", "reschedule"],
    ["select 0::numeric", "reschedule"],
    ["select '0'", "reschedule"],
    ["select ''", "reschedule"],
    ["select null", "reschedule"],
    ["select false, true", "reschedule"],
    ["select 1 where false", "reschedule"],
    ["select nope", "error"],
  ])("%s ends as %s", async (sql, kind) => {
    expect((await clock.attempt(sqlSensor("t", { connection, sql, mode }))).kind).toBe(kind);
  });

  it("waits until the row is there", async () => {
    await db.client.query("create table arrivals (day date)");
    clock.runtime.onLog = ({ message }) => {
      if (message.startsWith("Poke 2")) void db.client.query("insert into arrivals values ('2026-01-31')");
    };
    const sql = "select count(*) from arrivals where day = $1";
    expect((await clock.attempt(sqlSensor("t", { connection, sql, parameters: ({ ds }) => [ds] }))).kind).toBe("success");
    expect(clock.sleeps.length).toBeGreaterThanOrEqual(2);
  });

  it.each<[object, string]>([
    [{ success: (value: unknown) => value === 7 }, "success"],
    [{ success: () => false }, "reschedule"],
    [{ failure: (value: unknown) => value === 7, success: () => true }, "fail"],
    [{ selector: (row: { other: number }) => row.other }, "reschedule"],
  ])("judges by %o", async (options, kind) => {
    expect((await clock.attempt(sqlSensor("t", { connection, sql: "select 7 as n, 0 as other", mode, ...options }))).kind).toBe(kind);
  });

  it("may fail when there is no row", async () => {
    const end = await clock.attempt(sqlSensor("t", { connection, sql: "select 1 where false", mode, failOnEmpty: true }));
    expect(end).toMatchObject({ kind: "error", message: expect.stringContaining("gave no row, and failOnEmpty is set") });
  });
});
