import { runCount, type Transaction } from "../database-handle.ts";

/** Airflow's kinds of warnings. */
export type DagWarningType = "asset conflict" | "non-existent pool" | "runtime varying value";

export interface DagWarningRecord {
  dagId: string;
  warningType: DagWarningType;
  message: string;
}

/** Makes or renews warnings; those of DAGs that are gone in the meantime are left out. */
export async function recordDagWarnings(tx: Transaction, params: { warnings: readonly DagWarningRecord[]; now: Date }): Promise<void> {
  const { warnings, now } = params;
  await runCount(tx, {
    text: `insert into dag_warning (dag_id, warning_type, message, timestamp)
      select w.dag_id, w.warning_type, w.message, $4
      from unnest($1::text[], $2::text[], $3::text[]) as w (dag_id, warning_type, message) join dag d on d.dag_id = w.dag_id
      on conflict (dag_id, warning_type) do update set message = excluded.message, timestamp = excluded.timestamp`,
    values: [warnings.map((one) => one.dagId), warnings.map((one) => one.warningType), warnings.map((one) => one.message), now],
  });
}

export async function clearDagWarnings(tx: Transaction, params: { dagIds: readonly string[]; warningType: DagWarningType }): Promise<void> {
  await runCount(tx, {
    name: "clear_dag_warnings",
    text: "delete from dag_warning where dag_id = any($1::text[]) and warning_type = $2",
    values: [params.dagIds, params.warningType],
  });
}
