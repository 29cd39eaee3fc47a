import type { Shape } from "../frame/shape.ts";
import { sampled } from "../measure/figures.ts";
import { percentile, round } from "../measure/statistics.ts";
import { apiData, type ApiDataSize, FULL_SIZE, GRID_DAG } from "./api-data.ts";

const GOAL_MS = 50;
const GRID_GOAL_MS = 100;
const WARM_UPS = 3;
const REQUESTS = 30;
const SMALL_SIZE: ApiDataSize = { dags: 50, runsPerDag: 10, tasksPerRun: 6, grid: { tasks: 20, runs: 5 } };

const DAGS = "/dags?limit=50";
const INSTANCES = "/dags/~/dagRuns/~/taskInstances?limit=50";
const DAY = "2026-01-09T00:00:00Z";
const HOUR = ["2026-01-09T03:00:00Z", "2026-01-09T04:00:00Z"] as const;

const within = (name: string, [from, to]: readonly [string, string]): string => `&${name}_gte=${from}&${name}_lt=${to}`;

/** What people and their programs usually ask for, by name. */
const QUESTIONS: Readonly<Record<string, string>> = {
  dags: DAGS,
  "dags, page 100": `${DAGS}&offset=5000`,
  "dags by name, descending": `${DAGS}&order_by=-dag_display_name`,
  "dags, id pattern": `${DAGS}&dag_id_pattern=dag_0123`,
  "dags, id pattern that none has": `${DAGS}&dag_id_pattern=nothing`,
  "dags of an owner": `${DAGS}&owners=owner3`,
  "dags with a tag": `${DAGS}&tags=tag7`,
  "dags with two tags": `${DAGS}&tags=tag7&tags=tag9&tags_match_mode=all`,
  "dags that are not paused": `${DAGS}&paused=false`,
  "dags with import errors": `${DAGS}&has_import_errors=true`,
  "dags by next run": `${DAGS}&order_by=next_dagrun`,
  "dags whose last run failed": `${DAGS}&last_dag_run_state=failed`,
  "dags whose last run goes on": `${DAGS}&last_dag_run_state=running`,
  "dags by last run, newest first": `${DAGS}&order_by=-last_run_start_date`,
  "dags by state of last run": `${DAGS}&order_by=last_run_state`,

  instances: INSTANCES,
  "instances, newest id first": `${INSTANCES}&order_by=-id`,
  "instances by start, newest first": `${INSTANCES}&order_by=-start_date`,
  "instances by start, oldest first": `${INSTANCES}&order_by=start_date`,
  "instances by end, newest first": `${INSTANCES}&order_by=-end_date`,
  "instances by duration, longest first": `${INSTANCES}&order_by=-duration`,
  "instances by state": `${INSTANCES}&order_by=state`,
  "instances by run, newest first": `${INSTANCES}&order_by=-run_after`,
  "instances by logical date, newest first": `${INSTANCES}&order_by=-logical_date`,
  "instances that failed": `${INSTANCES}&state=failed`,
  "instances that failed, newest first": `${INSTANCES}&state=failed&order_by=-start_date`,
  "instances that were skipped, newest first": `${INSTANCES}&state=skipped&order_by=-end_date`,
  "instances that were removed": `${INSTANCES}&state=removed&order_by=-start_date`,
  "instances that succeeded, newest first": `${INSTANCES}&state=success&order_by=-start_date`,
  "instances that run": `${INSTANCES}&state=running&order_by=-start_date`,
  "instances that wait": `${INSTANCES}&state=queued&state=scheduled`,
  "instances without a state": `${INSTANCES}&state=none`,
  "instances of a DAG": INSTANCES.replace("~", "team1_dag_00001"),
  "instances of DAGs by pattern": `${INSTANCES}&dag_id_pattern=team1_dag_0012&order_by=-start_date`,
  "instances of a quarter of the DAGs": `${INSTANCES}&dag_id_pattern=team1&order_by=-start_date`,
  "instances of one task": `${INSTANCES}&task_id=task_3&order_by=-start_date`,
  "instances of runs of an hour": `${INSTANCES}${within("run_after", HOUR)}&order_by=-run_after`,
  "instances that failed, of runs of an hour": `${INSTANCES}${within("run_after", HOUR)}&state=failed`,
  "instances that began within an hour": `${INSTANCES}${within("start_date", HOUR)}`,
  "instances that ended within an hour": `${INSTANCES}${within("end_date", HOUR)}&order_by=-end_date`,
  "instances that failed since a day": `${INSTANCES}&start_date_gte=${DAY}&state=failed&order_by=-start_date`,
  "instances of 250 s and more": `${INSTANCES}&duration_gte=250`,
  "instances of 10 s and more": `${INSTANCES}&duration_gte=10`,
  "instances of a second at most": `${INSTANCES}&duration_lte=1&order_by=-start_date`,
  "instances in the usual pool": `${INSTANCES}&pool=default_pool&order_by=-start_date`,
  "instances in a pool": `${INSTANCES}&pool=warehouse&order_by=-start_date`,
  "instances in a pool that is rare": `${INSTANCES}&pool=gpu_pool`,
  "instances in a queue, failed": `${INSTANCES}&queue=gpu&state=failed`,
  "instances of an operator": `${INSTANCES}&operator=SqlOperator&order_by=-start_date`,
};

/** How long the REST API takes over ten thousand DAGs and a million task instances: each question alone, one after the other, as one client asks. */
export const api: Shape = {
  name: "api",
  what: "lists of 10,000 DAGs and a million task instances with their totals, and the grid of 900 tasks by 25 runs, with nothing else going on",
  goal: `p95 ≤ ${GOAL_MS} ms each; grid ≤ ${GRID_GOAL_MS} ms`,
  limits: "PostgreSQL and the client on the same machine; one request at a time",
  onlyTradewind: true,
  timeLimitMinutes: 20,
  async run(bench) {
    const size = bench.pick<ApiDataSize>({
      full: { tradewind: FULL_SIZE, airflow: FULL_SIZE },
      small: { tradewind: SMALL_SIZE, airflow: SMALL_SIZE },
    });
    const system = await bench.startTradewind({ service: "api-server" });
    for (const statement of apiData(size)) await system.query(statement);
    bench.say("the database is filled");
    const p50 = new Map<string, number>();
    const p95 = new Map<string, number>();
    for (const [name, path] of Object.entries(QUESTIONS)) {
      const times = await measure(() => system.request("GET", `/api/v2${path}`));
      p50.set(name, round(percentile(times, 0.5)));
      p95.set(name, round(percentile(times, 0.95)));
    }
    const grid = await measure(() => system.request("GET", `/ui/grid/${GRID_DAG}?limit=${size.grid.runs}`));
    const [counted] = await system.query<{ rows: number }>("select count(*)::int as rows from task_instance");
    return {
      scale: `${size.dags} DAGs, ${counted!.rows} task instances, a grid of ${size.grid.tasks} by ${size.grid.runs}; each question ${REQUESTS} times`,
      figures: {
        slowestP95Ms: sampled(Math.max(...p95.values()), REQUESTS, { unit: "ms" }),
        gridP50Ms: sampled(percentile(grid, 0.5), REQUESTS, { unit: "ms" }),
        gridP95Ms: sampled(percentile(grid, 0.95), REQUESTS, { unit: "ms" }),
      },
      details: {
        overGoal: [...p95].filter(([, time]) => time > GOAL_MS).map(([name]) => name),
        p95Ms: Object.fromEntries(p95),
        p50Ms: Object.fromEntries(p50),
      },
    };
  },
};

async function measure(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let request = 0; request < WARM_UPS + REQUESTS; request++) {
    const begun = performance.now();
    await ask();
    if (request >= WARM_UPS) times.push(performance.now() - begun);
  }
  return times;
}
