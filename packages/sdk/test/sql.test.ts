import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Operator, TemplateContext } from "../src/index.ts";
import { registerSqlDriver, sql, transfer } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { runOperator } from "./run-operator.ts";
import { makeSqlDatabase, type SqlDatabase } from "./sql-database.ts";

let db: SqlDatabase;
let runtime: MemoryRuntime;

beforeAll(async () => {
  db = await makeSqlDatabase("sdk_sql");
});
afterAll(() => db.drop());

beforeEach(() => {
  runtime = new MemoryRuntime();
  runtime.connections.set("db", db.connection("db"));
});

const run = (operator: Operator<never, unknown>, inputs = {}) => runOperator(runtime, operator, inputs);

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
    await expect(run(sql("t", { connection: "db", sql: ["insert into a values (3)", "select 1 / 0"] }))).rejects.toThrow(
      /^Statement 2 of 2 failed on connection "db": division by zero \(22012\)\. The statements before it were rolled back\.\nselect 1 \/ 0$/,
    );
    expect(await run(sql("t", { connection: "db", sql: "select count(*)::int as n from a", handler: ([row]) => row!.n }))).toBe(2);
    expect(runtime.lines()).toContain("SELECT: 1 row");
  });

  it("gives each statement the values it names", async () => {
    const text =
      "create table p (day date, n int); insert into p values ($1, 1); insert into p values ($1, $2); select n from p where day = $1 order by n -- $9";
    expect(await run(sql("t", { connection: "db", sql: text, parameters: ({ ds }) => [ds, 2] }))).toEqual([{ n: 1 }, { n: 2 }]);
    await expect(run(sql("t", { connection: "db", sql: "select $1::int", parameters: [1, 2] }))).rejects.toThrow(
      'Task "t" has 2 parameters, and its sql names values up to $1.',
    );
  });

  it("lets each statement count by itself with autocommit", async () => {
    await expect(run(sql("t", { connection: "db", sql: "create table kept (n int); select 1 / 0", autocommit: true }))).rejects.toThrow(
      "Statement 2 of 2 failed",
    );
    expect((await db.client.query("select count(*)::int as n from kept")).rows).toEqual([{ n: 0 }]);
    await expect(run(sql("t", { connection: "db", sql: "vacuum kept" }))).rejects.toThrow("(25001). Set autocommit: true");
    await run(sql("t", { connection: "db", sql: "vacuum kept; analyze kept", autocommit: true }));
  });

  it("gives what each statement gave, with returnLast: false", async () => {
    const operator = sql("t", {
      connection: "db",
      sql: "create table each (n int); insert into each values (1), (2); select n from each",
      handler: (rows, { rowCount }) => ({ rows: rows.length, rowCount }),
      returnLast: false,
    });
    expect(await run(operator)).toEqual([
      { rows: 0, rowCount: null },
      { rows: 0, rowCount: 2 },
      { rows: 2, rowCount: 2 },
    ]);
  });

  it("refuses more rows than maxRows, and undoes what it did", async () => {
    await db.client.query("create table limited (n int)");
    const text = "insert into limited values (1); select generate_series(1, 100000000)";
    await expect(run(sql("t", { connection: "db", sql: text, maxRows: 100 }))).rejects.toThrow("The query has more than 100 rows");
    expect((await db.client.query("select * from limited")).rows).toEqual([]);
    expect(await run(sql("t", { connection: "db", sql: "select generate_series(1, 100) as n", maxRows: 100, handler: (rows) => rows.length }))).toBe(
      100,
    );
  });

  it("logs what the server says", async () => {
    await run(sql("t", { connection: "db", sql: "do $$ begin raise notice 'half; done'; end $$" }));
    expect(runtime.lines()).toContain("The database says: half; done");
  });

  it("says when there is nothing to run", async () => {
    await expect(run(sql("t", { connection: "db", sql: "-- later;" }))).rejects.toThrow('Task "t" has no statement to run');
  });

  it("names the connection that is missing, that does not answer, or is of another kind", async () => {
    await expect(run(sql("t", { connection: "none", sql: "select 1" }))).rejects.toMatchObject({ code: "connection_not_found" });
    runtime.connections.set("db", { ...db.connection("db"), schema: "no_such_database" });
    await expect(run(sql("t", { connection: "db", sql: "select 1" }))).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringMatching(/^Connection "db" \(.*\) could not be opened: database "no_such_database" does not exist/),
    });
    runtime.connections.set("db", { ...db.connection("db"), connType: "mysql" });
    await expect(run(sql("t", { connection: "db", sql: "select 1" }))).rejects.toMatchObject({
      code: "connection_invalid",
      message: expect.stringContaining('registerSqlDriver("mysql"'),
    });
  });

  it("uses the driver that a project registered", async () => {
    const asked: unknown[] = [];
    registerSqlDriver("ducks", {
      open: async () => ({
        driver: "ducks",
        query: async (text, parameters) => (asked.push([text, parameters]), { rows: [{ n: 3 }], rowCount: 1, command: "SELECT" }),
        queryFirst: async () => undefined,
        begin: async () => void asked.push("begin"),
        commit: async () => void asked.push("commit"),
        rollback: async () => void asked.push("rollback"),
        async *readBatches() {
          yield { columns: ["n", "label"], rows: [[4, "four"]] };
        },
        insertRows: async () => 0,
        close: async () => void asked.push("close"),
      }),
    });
    runtime.connections.set("pond", { ...db.connection("pond"), connType: "ducks" });
    expect(await run(sql("t", { connection: "pond", sql: "quack $1", parameters: ["x"] }))).toEqual([{ n: 3 }]);
    expect(asked).toEqual(["begin", ["quack $1", ["x"]], "commit", "close"]);
    await db.client.query("create table from_pond (n int, label text)");
    expect(await run(transfer("t", { source: "pond", sql: "all", destination: "db", table: "from_pond" }))).toEqual({ rows: 1 });
    expect((await db.client.query("select * from from_pond")).rows).toEqual([{ n: 4, label: "four" }]);
  });

  it("stops its statement in the server when the task is stopped", async () => {
    const running = run(sql("t", { connection: "db", sql: "select pg_sleep(60)" })).catch((error: unknown) => error);
    const sleeping = async () =>
      (await db.admin.query("select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'")).rows[0]
        .n as number;
    const deadline = Date.now() + 10_000;
    while ((await sleeping()) === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    runtime.controller.abort();
    expect(await running).toMatchObject({ message: expect.stringContaining("canceling statement due to user request") });
  });
});

describe("transfer", () => {
  it("copies rows of all kinds without loss, in batches", async () => {
    await db.client.query(`create table src (id bigint, at timestamptz, amount numeric, doc jsonb, tags text[], raw bytea, gone text);
      insert into src select n, '2026-01-31T06:00:00.123456Z', 12345678901234567890.123456789, '[1, {"a": null}]', '{x,"y z"}', '\\xdeadbeef', null from generate_series(9007199254740990, 9007199254740999) n;
      create table dst (like src); insert into dst (id) values (1)`);
    const operator = transfer("t", {
      source: "db",
      sql: "select * from src where id > $1",
      parameters: [9007199254740992],
      destination: "db",
      table: "dst",
      preoperators: ["truncate dst"],
      postoperators: "insert into dst (id) values (0)",
      batchSize: 3,
    });
    expect(await run(operator)).toEqual({ rows: 7 });
    const left = await db.client.query("select count(*)::int as n from (select * from dst where id > 0 except select * from src) x");
    expect(left.rows).toEqual([{ n: 0 }]);
    expect((await db.client.query("select count(*)::int as n from dst")).rows).toEqual([{ n: 8 }]);
    expect(runtime.reports.at(-1)).toMatchObject({ message: "7 rows" });
  });

  it("leaves the destination as it was when a batch fails", async () => {
    await db.client.query("create table positive (n int check (n < 5)); insert into positive values (1)");
    const operator = transfer("t", {
      source: "db",
      sql: "select generate_series(2, 6)",
      destination: "db",
      table: "positive",
      columns: ["n"],
      preoperators: "truncate positive",
      batchSize: 2,
    });
    await expect(run(operator)).rejects.toThrow("violates check constraint");
    expect((await db.client.query("select n from positive")).rows).toEqual([{ n: 1 }]);
  });

  it.each<[string, object, RegExp]>([
    ["columns that do not match", { sql: "select 1, 2", columns: ["a"] }, /gives 2 columns .* names 1 \(a\)/],
    ["a table that is SQL", { table: "a; drop table b" }, /can't insert into "a; drop table b"/],
    ["two queries", { sql: "select 1; select 2" }, /has 2 statements; a transfer reads one query/],
  ])("refuses %s", async (_name, options, message) => {
    await expect(run(transfer("t", { source: "db", sql: "select 1", destination: "db", table: "a", ...options }))).rejects.toThrow(message);
  });
});
