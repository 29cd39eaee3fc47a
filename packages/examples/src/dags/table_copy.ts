/** From one database into another: wait until there are rows, copy them in batches, compare with other days before anybody trusts them. */
import { Dag, getContext } from "tradewind";
import { sql, sqlIntervalCheck, sqlThresholdCheck, transfer } from "tradewind/operators";
import { sqlSensor } from "tradewind/sensors";

export const dag = new Dag("table_copy", {
  description: "A SQL sensor, a transfer between databases, checks against other days",
  schedule: null,
  tags: ["example", "sql", "data-quality"],
});

// On the embedded PostgreSQL, `standalone` makes this connection. Here it is both ends; usually these are two databases, also of two kinds.
const [source, destination] = ["examples", "examples"];
const day = () => getContext().ds;

const produce = dag.add(
  sql("produce", {
    connection: source,
    sql: `
      create table if not exists example_visits (day date, page text, visits int);
      delete from example_visits where day in ($1::date, $1::date - 7);
      insert into example_visits select $1::date - past, 'page ' || n, 100 + n + past from generate_series(1, 50) n, unnest(array[0, 7]) past;
      create table if not exists example_visits_copy (like example_visits);`,
    parameters: () => [day()],
  }),
);

const arrived = dag.add(
  sqlSensor("rows_are_there", {
    connection: source,
    sql: "select count(*) as n from example_visits where day = $1",
    parameters: () => [day()],
    success: (count) => Number(count) >= 50,
    mode: "reschedule",
    pokeInterval: "10s",
    timeout: "10m",
  }),
);

const copied = dag.add(
  transfer("copy", {
    source,
    sql: "select day, page, visits from example_visits where day in ($1::date, $1::date - 7)",
    parameters: () => [day()],
    destination,
    table: "example_visits_copy",
    // In the same transaction as the rows, so a second run of this task does no harm.
    preoperators: () => `delete from example_visits_copy where day in (date '${day()}', date '${day()}' - 7)`,
    batchSize: 20,
  }),
);

const checks = dag.taskGroup("checks", () => {
  const [connection, table] = [destination, "example_visits_copy"];
  // Either limit may be a query.
  dag.add(
    sqlThresholdCheck("mean", {
      connection,
      sql: `select avg(visits) from ${table}`,
      minThreshold: 100,
      maxThreshold: `select max(visits) from ${table}`,
    }),
  );
  // Today's figures against those of a week before: neither may be more than a fifth larger than the other.
  dag.add(
    sqlIntervalCheck("like_last_week", {
      connection,
      table,
      dateFilterColumn: "day",
      daysBack: 7,
      metricsThresholds: { "count(*)": 1.2, "sum(visits)": 1.2 },
      retryOnFailure: false,
    }),
  );
});

produce.before(arrived.before(copied.before(checks)));
