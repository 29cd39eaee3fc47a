/** Orders are loaded only when they look right: checks on single values, on columns and on the table, and a branch by what the database says. */
import { Dag, FailTask, getContext } from "tradewind";
import { sql, sqlBranch, sqlCheck, sqlColumnCheck, sqlTableCheck, sqlUniqueCheck, sqlValueCheck } from "tradewind/operators";

export const dag = new Dag("data_quality", {
  description: "Data-quality checks between loading and publishing, with a report",
  schedule: null,
  tags: ["example", "sql", "data-quality"],
  params: { broken: { type: "boolean", default: false, description: "Whether to load orders that do not pass the checks." } },
});

// On the embedded PostgreSQL, `standalone` makes this connection.
const connection = "examples";
const table = "example_orders";

const load = dag.add(
  sql("load", {
    connection,
    sql: `
      create table if not exists ${table} (id int, store text, net numeric, tax numeric, total numeric);
      truncate ${table};
      insert into ${table} select n, (array['north', 'south'])[1 + n % 2], n, 0.2 * n, 1.2 * n from generate_series(1, 100) n;
      update ${table} set store = null, total = -1 where $1 and id = 7;
      select count(*)::int as rows from ${table};`,
    parameters: ({ params }) => [params.broken],
    handler: ([row]) => row!.rows as number,
  }),
);

const checks = dag.taskGroup("checks", () => {
  dag.add(sqlCheck("not_empty", { connection, sql: `select count(*) from ${table}` }));
  dag.add(sqlValueCheck("as_many_as_usual", { connection, sql: `select count(*) as orders from ${table}`, passValue: 95, tolerance: 0.1 }));
  dag.add(sqlUniqueCheck("no_doubles", { connection, table, columns: ["id"] }));
  dag.add(
    sqlColumnCheck("columns", {
      connection,
      table,
      columnMapping: {
        store: { null_check: { equal_to: 0 }, distinct_check: { equal_to: 2 } },
        total: { min: { greater_than: 0 }, max: { leq_to: 120, tolerance: 0.05 } },
      },
    }),
  );
  dag.add(sqlTableCheck("adds_up", { connection, table, checks: { totals: { check_statement: "net + tax = total" } } }));
});

const publish = dag.task("publish", () => getContext().log.info("Everybody may see the new figures"))();
const hold = dag.task("hold_back", () => {
  throw new FailTask("Too few orders to be true");
})();

checks.after(load);
const isLarge = dag.add(
  sqlBranch("enough_to_publish", { connection, sql: `select count(*) > 50 from ${table}`, followIfTrue: publish, followIfFalse: hold }),
);
isLarge.after(checks).before(publish, hold);
