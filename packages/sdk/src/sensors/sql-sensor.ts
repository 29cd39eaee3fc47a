import { TradewindError } from "@tradewind/core";
import { FailTask } from "../errors.ts";
import type { NoInputs } from "../inputs.ts";
import { type Operator, renderTemplate, type TemplateContext, type Templated } from "../operator.ts";
import { asJson, asNumber } from "../operators/check-report.ts";
import { askRow, quoteSql, withTaskSql } from "../operators/sql-task.ts";
import type { SqlRow } from "../sql/sql-driver.ts";
import { makeSensor } from "./sensor.ts";
import type { SensorOptions } from "./sensor-options.ts";

export interface SqlSensorOptions<Inputs = NoInputs> extends SensorOptions {
  /** Id of the connection. */
  connection: string;
  /** A query whose first row tells. */
  sql: Templated<string, Inputs>;
  /** Values for `$1`, `$2` …. */
  parameters?: Templated<readonly unknown[], Inputs>;
  /** Takes what is judged from the first row. Default: its first value. */
  selector?: (row: SqlRow) => unknown;
  /** Whether to go on. Default: the value is not null, false, 0, `"0"` or empty. */
  success?: (value: unknown) => boolean;
  /** Whether to fail, now and for good; asked before `success`. */
  failure?: (value: unknown) => boolean;
  /** No row at all fails instead of being "not yet". Default false. Airflow's fail_on_empty. */
  failOnEmpty?: boolean;
}

/**
 * Waits until a query gives what is waited for. Each poke is a connection of its own. Airflow's SqlSensor.
 *
 * @example
 * dag.add(sqlSensor("orders_are_in", { connection: "warehouse", sql: "select count(*) from orders where day = $1", parameters: ({ ds }) => [ds], mode: "reschedule", pokeInterval: "5m" }));
 */
export function sqlSensor<Inputs = NoInputs>(taskId: string, options: SqlSensorOptions<Inputs>): Operator<Inputs, null> {
  const { connection, sql, parameters, selector, success, failure, failOnEmpty, ...rest } = options;
  return makeSensor<Inputs, null>(taskId, "sql_sensor", rest, async (context) => {
    const query = await renderTemplate(sql, context, "sql");
    const values = parameters === undefined ? [] : await renderTemplate(parameters, context, "parameters");
    const row = await withTaskSql(connection, context, (session) => askRow(session, query, values, context));
    if (row === undefined) return noRow(query, failOnEmpty ?? false, context);
    const value = selector === undefined ? row.values[0] : selector(Object.fromEntries(row.columns.map((name, index) => [name, row.values[index]])));
    context.log.info({ value: asJson(value) }, "The query gave a value");
    if (failure?.(value))
      throw new FailTask(
        `Sensor "${context.task.taskId}" found ${JSON.stringify(asJson(value))}, which its failure condition names.\n${quoteSql(query)}`,
      );
    return success === undefined ? isYes(value) : success(value);
  });
}

function noRow(query: string, failOnEmpty: boolean, { task }: TemplateContext<unknown>): false {
  if (!failOnEmpty) return false;
  throw new TradewindError("task_failed", `The query of sensor "${task.taskId}" gave no row, and failOnEmpty is set.\n${quoteSql(query)}`);
}

/** As Airflow: "if the first cell is not either 0, '0', '', or None". */
function isYes(value: unknown): boolean {
  const number = asNumber(value);
  return number === undefined ? Boolean(value) : number !== 0;
}
