import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Dag, type Operator } from "../src/index.ts";
import { classifyError, runTask } from "../src/internal.ts";
import {
  sqlBranch,
  sqlCheck,
  sqlColumnCheck,
  sqlIntervalCheck,
  sqlTableCheck,
  sqlThresholdCheck,
  sqlUniqueCheck,
  sqlValueCheck,
} from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { runOperator } from "./run-operator.ts";
import { makeSqlDatabase, type SqlDatabase } from "./sql-database.ts";

let db: SqlDatabase;
let runtime: MemoryRuntime;

beforeAll(async () => {
  db = await makeSqlDatabase("sdk_checks");
  await db.client.query(`
    create table orders (id int, day date, total numeric, store text);
    insert into orders values (1, '2026-01-31', 10, 'n'), (2, '2026-01-31', 20, 's'), (3, '2026-01-31', null, 's'), (1, '2026-01-24', 10, 'n');
    create table nothing (n int)`);
});
afterAll(() => db.drop());
beforeEach(() => {
  runtime = new MemoryRuntime();
  runtime.connections.set("db", db.connection("db"));
});

const connection = "db";
const run = (operator: Operator<never, unknown>) => runOperator(runtime, operator);

/** Whether the check passes. One that does not must fail the task, and leave its report. */
async function passes(operator: Operator<never, unknown>): Promise<boolean> {
  try {
    const report = (await run(operator)) as { passed: boolean };
    return report.passed;
  } catch (error) {
    expect(error).toMatchObject({ code: "task_failed" });
    expect(runtime.xcoms.get("t.check_report")).toMatchObject({ passed: false });
    return false;
  }
}

describe("sqlCheck", () => {
  it.each<[string, boolean]>([
    ["select 1, true, 'x', 0.5::numeric", true],
    ["select 1, 0", false],
    // Columns of the same name.
    ["select 0, 1", false],
    ["select 0::numeric", false],
    ["select false", false],
    ["select null::int", false],
    ["select ''", false],
    ["select 1 where false", false],
    ["select * from (values (1), (0)) v", true],
  ])("%s passes: %s", async (sql, expected) => {
    expect(await passes(sqlCheck("t", { connection, sql }))).toBe(expected);
  });

  it("reports what it found, for people and for programs", async () => {
    const report = await run(sqlCheck("t", { connection, sql: "select count(*) as n from orders where day = $1", parameters: ({ ds }) => [ds] }));
    expect(report).toMatchObject({ passed: true, checks: [{ name: "n", found: "3", passed: true }] });
    await expect(run(sqlCheck("t", { connection, sql: "select 1 as good, 0 as bad" }))).rejects.toThrow(
      /^1 of 2 checks of "select 1 as good, 0 as bad" failed in task "t": bad is 0, expected a value that is not 0.*XCom "check_report"/,
    );
    const table = runtime.entries.at(-1)!.message.split("\n");
    expect(table[0]).toBe('1 of 2 checks of "select 1 as good, 0 as bad" failed');
    expect(table.slice(2).map((line) => line.slice(0, 21))).toEqual(
      ["ok      good   1      ", "FAILED  bad    0      "].map((line) => line.slice(0, 21)),
    );
  });

  it("fails for good with retryOnFailure: false", async () => {
    const error = await run(sqlCheck("t", { connection, sql: "select 0", retryOnFailure: false })).catch((thrown: unknown) => thrown);
    expect(classifyError(error).kind).toBe("fail");
  });

  it("names a query that fails", async () => {
    await expect(run(sqlCheck("t", { connection, sql: "select nope" }))).rejects.toThrow(
      'A query failed: column "nope" does not exist (42703).\nselect nope',
    );
  });
});

describe("sqlValueCheck", () => {
  it.each<[string, string | number | boolean, number | undefined, boolean]>([
    ["select 100", 100, undefined, true],
    ["select 100::bigint, 100.0::numeric", "100", undefined, true],
    ["select 100, 101", 100, undefined, false],
    ["select 90", 100, 0.1, true],
    ["select 111", 100, 0.1, false],
    ["select -105", -100, 0.1, true],
    ["select 'done'", "done", undefined, true],
    ["select 'done'", "open", undefined, false],
    ["select 'done'", 3, 0.5, false],
    ["select true", true, undefined, true],
  ])("%s against %j with tolerance %s passes: %s", async (sql, passValue, tolerance, expected) => {
    expect(await passes(sqlValueCheck("t", { connection, sql, passValue, tolerance }))).toBe(expected);
  });
});

describe("sqlThresholdCheck", () => {
  it.each<[string, number | string, number | string, boolean]>([
    ["select 5", 5, 5, true],
    ["select 4", 5, 6, false],
    ["select 7", 5, 6, false],
    ["select sum(total) from orders", "select min(total) from orders", "select 40", true],
    ["select null", 0, 1, false],
  ])("%s from %j to %j passes: %s", async (sql, minThreshold, maxThreshold, expected) => {
    expect(await passes(sqlThresholdCheck("t", { connection, sql, minThreshold, maxThreshold }))).toBe(expected);
  });

  it("refuses a threshold that is no number", async () => {
    await expect(run(sqlThresholdCheck("t", { connection, sql: "select 5", minThreshold: "select 'a'", maxThreshold: 6 }))).rejects.toThrow(
      'The minThreshold of task "t" is "a", and not a number',
    );
  });
});

describe("sqlIntervalCheck", () => {
  const table = "orders";
  const dateFilterColumn = "day";
  it.each<[Record<string, number>, object, boolean]>([
    // 3 rows on the run's day, 1 seven days before.
    [{ "count(*)": 3.1 }, {}, true],
    [{ "count(*)": 3 }, {}, false],
    [{ "count(*)": 2.1 }, { ratioFormula: "relative_diff" }, true],
    [{ "count(*)": 2 }, { ratioFormula: "relative_diff" }, false],
    [{ "count(*)": 3.1, "sum(total)": 2 }, {}, false],
    // Nothing on the day before.
    [{ "count(*)": 2 }, { daysBack: -1 }, true],
    [{ "count(*)": 2 }, { daysBack: 1, ignoreZero: false }, false],
    [{ "sum(total)": 2 }, { daysBack: 1 }, false],
  ])("%j with %j passes: %s", async (metricsThresholds, options, expected) => {
    expect(await passes(sqlIntervalCheck("t", { connection, table, dateFilterColumn, metricsThresholds, ...options }))).toBe(expected);
  });
});

describe("sqlColumnCheck", () => {
  const table = "orders";
  it.each<[string, object, object, boolean]>([
    ["total", { null_check: { equal_to: 1 } }, {}, true],
    ["total", { null_check: { equal_to: 0 } }, {}, false],
    ["total", { null_check: { equal_to: 0, partition_clause: "id < 3" } }, {}, true],
    ["total", { min: { geq_to: 10 }, max: { leq_to: 20 } }, {}, true],
    ["total", { min: { greater_than: 10 } }, {}, false],
    ["total", { max: { less_than: 20 } }, {}, false],
    ["total", { max: { less_than: 20, tolerance: 0.1 } }, {}, true],
    ["total", { max: { equal_to: 18, tolerance: 0.12 } }, {}, true],
    ["id", { unique_check: { equal_to: 1 }, distinct_check: { equal_to: 3 } }, {}, true],
    ["id", { unique_check: { equal_to: 0 } }, { partitionClause: "day = '2026-01-31'" }, true],
    ["total", { min: { geq_to: 0 } }, { partitionClause: "false" }, true],
    ["total", { min: { geq_to: 0 } }, { partitionClause: "false", acceptNone: false }, false],
  ])("%s: %j with %j passes: %s", async (column, checks, options, expected) => {
    expect(await passes(sqlColumnCheck("t", { connection, table, columnMapping: { [column]: checks }, ...options }))).toBe(expected);
  });

  it("asks once for all checks under a condition", async () => {
    await run(
      sqlColumnCheck("t", {
        connection,
        table,
        columnMapping: { id: { min: { geq_to: 0 }, max: { less_than: 9 } }, store: { null_check: { equal_to: 0 } } },
      }),
    );
    expect(runtime.lines().filter((line) => line.startsWith("Asking"))).toHaveLength(1);
  });

  it.each<[object, RegExp]>([
    [{}, /has no checks/],
    [{ id: { nul_check: { equal_to: 0 } } }, /has the check "nul_check" for column "id"; known are null_check/],
    [{ id: { min: {} } }, /compares id.min in a way that can't be: it names none of/],
    [{ id: { min: { equal_to: 1, geq_to: 0 } } }, /equal_to stands alone/],
    [{ id: { min: { greater_than: 1, geq_to: 0 } } }, /two lower bounds/],
    [{ id: { min: { equal_to: 1, tolerance: -1 } } }, /must be a share of zero or more/],
  ])("refuses %j when the file is loaded", (columnMapping, message) => {
    expect(() => sqlColumnCheck("t", { connection, table, columnMapping: columnMapping as never })).toThrow(message);
  });
});

describe("sqlTableCheck", () => {
  it.each<[object, object, boolean]>([
    [{ enough: { check_statement: "count(*) >= 4" }, sane: { check_statement: "total > 0 or total is null" } }, {}, true],
    [{ sane: { check_statement: "total > 0" } }, {}, false],
    [{ sane: { check_statement: "total > 0", partition_clause: "id < 3" } }, {}, true],
    [{ enough: { check_statement: "count(*) = 3" } }, { partitionClause: ({ ds }: { ds: string }) => `day = '${ds}'` }, true],
    [{ sane: { check_statement: "true" } }, { partitionClause: "false" }, false],
  ])("%j with %j passes: %s", async (checks, options, expected) => {
    expect(await passes(sqlTableCheck("t", { connection, table: "orders", checks: checks as never, ...options }))).toBe(expected);
  });
});

describe("sqlUniqueCheck", () => {
  it("shows values that come twice", async () => {
    expect(await passes(sqlUniqueCheck("t", { connection, table: "orders", columns: ["id", "day"] }))).toBe(true);
    expect(await passes(sqlUniqueCheck("t", { connection, table: "orders", columns: ["id"], partitionClause: "day = '2026-01-31'" }))).toBe(true);
    await expect(run(sqlUniqueCheck("t", { connection, table: "orders", columns: ["id"] }))).rejects.toThrow('unique (id) is [{"id":1,"times":"2"}]');
  });
});

describe("sqlBranch", () => {
  const chosen = async (sql: string): Promise<unknown> => {
    const dag = new Dag("d");
    const branch = dag.add(sqlBranch("t", { connection, sql, followIfTrue: "yes", followIfFalse: ["no", "other"] }));
    branch.before(...["yes", "no", "other"].map((id) => dag.task(id, async () => {})()));
    const { result } = await runTask(dag, "t", { inputs: {}, runtime });
    return JSON.parse(result!);
  };

  it.each<[string, string[]]>([
    ["select true", ["yes"]],
    ["select count(*)::int from orders", ["yes"]],
    ["select count(*) from nothing", ["no", "other"]],
    ["select 'Yes'", ["yes"]],
    ["select 'off'", ["no", "other"]],
  ])("%s follows %j", async (sql, expected) => {
    expect(await chosen(sql)).toEqual(expected);
  });

  it("refuses what is neither", async () => {
    await expect(chosen("select 'maybe'")).rejects.toThrow('gave "maybe", and not true or false');
    await expect(chosen("select 1 where false")).rejects.toThrow("gave no rows");
  });
});
