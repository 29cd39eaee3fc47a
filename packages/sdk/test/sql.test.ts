import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { Json } from "@tradewind/core";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Dag, type Operator, type TemplateContext } from "../src/index.ts";
import { runTask } from "../src/internal.ts";
import { sql } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";

// The test run's one PostgreSQL, by the address its global setup leaves in the environment: this package may not import the one that starts it.
const BROKER = "TRADEWIND_TEST_POSTGRES_BROKER";
const database = `sdk_sql_${process.pid}`;

let admin: pg.Client;
let url: URL;
let runtime: MemoryRuntime;

beforeAll(async () => {
  const answer = JSON.parse(await text(connect({ host: "127.0.0.1", port: Number(process.env[BROKER]) }))) as { adminUrl: string };
  url = new URL(answer.adminUrl);
  admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`create database ${database}`);
});

afterAll(async () => {
  await admin.query(`drop database if exists ${database} with (force)`);
  await admin.end();
});

beforeEach(() => {
  runtime = new MemoryRuntime();
  runtime.connections.set("db", {
    connectionId: "db",
    connType: "postgres",
    description: null,
    host: url.hostname,
    port: Number(url.port),
    login: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password) || null,
    schema: database,
    extra: {},
  });
});

async function run(operator: Operator<never, unknown>, inputs: Record<string, Json> = {}): Promise<unknown> {
  const dag = new Dag("d");
  (dag.task(operator) as unknown as (inputs: object) => unknown)(inputs);
  const { result } = await runTask(dag, "t", { inputs, runtime });
  return result === undefined ? undefined : JSON.parse(result);
}

describe("sql", () => {
  it("results in the rows of the last statement, by values from the context and the inputs", async () => {
    const operator = sql("t", {
      connection: "db",
      sql: "select $1::date + $2::int as day, 7 as n",
      parameters: ({ ds, inputs }: TemplateContext<{ add: number }>) => [ds, inputs.add],
    });
    expect(await run(operator, { add: 1 })).toEqual([{ day: expect.stringMatching(/^2026-02-01T/), n: 7 }]);
  });

  it("runs a list, or a text with several statements, in one transaction", async () => {
    await run(sql("t", { connection: "db", sql: "create table a (n int); insert into a values (1), (2);" }));
    await expect(run(sql("t", { connection: "db", sql: ["insert into a values (3)", "select 1 / 0"] }))).rejects.toThrow("division by zero");
    expect(await run(sql("t", { connection: "db", sql: "select count(*)::int as n from a", handler: ([row]) => row!.n }))).toBe(2);
    expect(runtime.lines()).toContain("SELECT: 1 rows");
  });

  it("names the connection that is missing, or that does not answer", async () => {
    await expect(run(sql("t", { connection: "none", sql: "select 1" }))).rejects.toMatchObject({ code: "connection_not_found" });
    runtime.connections.set("db", { ...runtime.connections.get("db")!, schema: "no_such_database" });
    await expect(run(sql("t", { connection: "db", sql: "select 1" }))).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringMatching(/^Connection "db" \(.*\) could not be opened: database "no_such_database" does not exist/),
    });
  });

  it("stops its statement in the server when the task is stopped", async () => {
    const running = run(sql("t", { connection: "db", sql: "select pg_sleep(60)" })).catch((error: unknown) => error);
    const sleeping = async () =>
      (await admin.query("select count(*)::int as n from pg_stat_activity where datname = $1 and state = 'active'", [database])).rows[0].n as number;
    const deadline = Date.now() + 10_000;
    while ((await sleeping()) === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    runtime.controller.abort();
    expect(await running).toMatchObject({ message: expect.stringContaining("canceling statement due to user request") });
  });
});
