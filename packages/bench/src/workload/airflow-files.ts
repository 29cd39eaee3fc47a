import { type DagDescription, type DagFile, NO_LIMIT } from "./workload.ts";

/** A DAG file of Airflow 3. Every task is a PythonOperator: an EmptyOperator would never be dispatched. */
export function writeAirflowFile(file: DagFile): string {
  return `import json
import time
from datetime import datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def work(duration_ms):
    if duration_ms > 0:
        time.sleep(duration_ms / 1000)


DAGS = json.loads(${pythonText(JSON.stringify(file.dags.map(row)))})

for dag_id, options, start_date, tasks in DAGS:
    dag = DAG(dag_id, start_date=datetime.fromisoformat(start_date), catchup=False, **options)
    made = []
    for task_id, duration_ms, upstream, task_options in tasks:
        task = PythonOperator(task_id=task_id, python_callable=work, op_args=[duration_ms], dag=dag, **task_options)
        if upstream:
            task.set_upstream([made[index] for index in upstream])
        made.append(task)
    globals()[dag_id] = dag
`;
}

function row(dag: DagDescription): unknown[] {
  const options = {
    schedule: dag.schedule?.cron ?? null,
    is_paused_upon_creation: dag.isPausedUponCreation ?? false,
    max_active_tasks: dag.maxActiveTasks ?? NO_LIMIT,
    max_active_runs: NO_LIMIT,
  };
  const startDate = (dag.schedule?.startAt ?? "2026-01-01T00:00:00Z").replace("Z", "+00:00");
  return [
    dag.dagId,
    options,
    startDate,
    dag.tasks.map((task) => [task.taskId, task.durationMs, task.upstream, task.pool ? { pool: task.pool } : {}]),
  ];
}

/** JSON text is ASCII here, and the escapes of a JSON string are those of a Python string. */
const pythonText = (text: string): string => JSON.stringify(text);
