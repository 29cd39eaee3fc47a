/**
 * A database that is not built in: a driver makes a connection type of it, and all that speaks SQL works with it. This one opens files of SQLite with what Node brings.
 *
 * `tradewind connections set shop_file --conn-type sqlite --conn-host /data/shop.db`
 */
import { Dag } from "tradewind";
import { registerSqlDriver, sql, sqlValueCheck } from "tradewind/operators";
import { openSqlite } from "./sqlite/sqlite_session.ts";

registerSqlDriver("sqlite", { open: async ({ host }) => openSqlite(host ?? ":memory:") });

export const dag = new Dag("sqlite", {
  description: "SQL operators over a database of another kind",
  doc: "Needs the connection `shop_file`: `tradewind connections set shop_file --conn-type sqlite --conn-host /data/shop.db`",
  tags: ["example", "sql", "needs a connection"],
  isPausedUponCreation: true,
});

const connection = "shop_file";
const fill = dag.add(
  sql("fill", {
    connection,
    sql: `
      create table if not exists orders (id integer primary key, day text, cents integer);
      insert or replace into orders values (1, $1, 250), (2, $1, 1250);
      select count(*) as orders, sum(cents) as cents from orders where day = $1;`,
    parameters: ({ ds }) => [ds],
  }),
);
const isRight = dag.add(sqlValueCheck("two_orders", { connection, sql: "select count(*) from orders", passValue: 2 }));
fill.before(isRight);
