import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Installation } from "../installation.ts";
import { percentile, round, spreadOf } from "../statistics.ts";
import { chain, fanOut } from "./dag-files.ts";
import { triggerEach, untilDagsAreKnown, untilRunsEnded } from "./runs.ts";

const CHAIN_LENGTH = 40;
const FAN_OUT_WIDTH = 1_000;

/**
 * A transition is the time from the start of one task to the start of the next. The end of a task and the start of the one after it are stamped in one transaction, so what lies between
 * is nothing to measure; from start to start everything is in it: the grant to the host, the child, the no-op task itself, the report, the commit that decides what comes next.
 */
export async function chainTransitions(installation: Installation, options: { warmUps: number; runs: number }) {
  const dagId = "bench_chain";
  const path = join(installation.dagsFolder, `${dagId}.ts`);
  await writeFile(path, chain(dagId, CHAIN_LENGTH));
  await untilDagsAreKnown(installation, dagId, 1);
  const total = options.warmUps + options.runs;
  for (let run = 1; run <= total; run += 1) {
    await triggerEach(installation, [dagId]);
    await untilRunsEnded(installation, dagId, run);
  }
  const rows = await installation.query<{ ms: number }>(
    `with counted as (select id from dag_run where dag_id = $1 order by id offset $2),
      step as (select ti.dag_run_id, substr(ti.task_id, 2)::int as n, ti.start_date from task_instance ti join counted r on r.id = ti.dag_run_id)
    select extract(epoch from b.start_date - a.start_date)::float8 * 1000 as ms from step a join step b on b.dag_run_id = a.dag_run_id and b.n = a.n + 1`,
    [dagId, options.warmUps],
  );
  const walls = await installation.query<{ ms: number }>(
    "select extract(epoch from end_date - start_date)::float8 * 1000 as ms from dag_run where dag_id = $1 order by id offset $2",
    [dagId, options.warmUps],
  );
  await rm(path);
  const transitions = rows.map((row) => row.ms);
  return {
    name: "chain",
    what: `transition in a chain of ${CHAIN_LENGTH} no-op tasks, from start to start`,
    goal: "p50 ≤ 6 ms",
    samples: transitions.length,
    transitionP50Ms: round(percentile(transitions, 0.5), 2),
    transitionP99Ms: round(percentile(transitions, 0.99), 2),
    // From the start of the run to its end, divided by the number of tasks: what a user sees per task.
    wallPerTaskMs: round(
      percentile(
        walls.map((row) => row.ms),
        0.5,
      ) / CHAIN_LENGTH,
      2,
    ),
    limits:
      "One task at a time, so all of it is latency: an HTTP round trip between runner host and execution API, the statements and the commit (fsync) of one transaction, two messages between host " +
      "and child, and the wake-ups of four processes in turn. The no-op task itself is in it.",
  };
}

/** From the start of the run to its end: one task, a thousand below it, one that joins them. */
export async function fanOutAndIn(installation: Installation, options: { warmUps: number; runs: number }) {
  const dagId = "bench_fan_out";
  const path = join(installation.dagsFolder, `${dagId}.ts`);
  await writeFile(path, fanOut(dagId, FAN_OUT_WIDTH));
  await untilDagsAreKnown(installation, dagId, 1);
  for (let run = 1; run <= options.warmUps + options.runs; run += 1) {
    await triggerEach(installation, [dagId]);
    await untilRunsEnded(installation, dagId, run);
  }
  const rows = await installation.query<{ wallMs: number }>(
    `select extract(epoch from end_date - start_date)::float8 * 1000 as "wallMs" from dag_run where dag_id = $1 order by id offset $2`,
    [dagId, options.warmUps],
  );
  await rm(path);
  return {
    name: "fan-out",
    what: `1 → ${FAN_OUT_WIDTH} → 1 no-op tasks, start to end of the run`,
    goal: "≤ 1 s",
    wallMs: spreadOf(rows.map((row) => round(row.wallMs))),
    limits:
      "Processor time. The thousand become ready in one transaction; then each exchange settles what arrived while the one before was in flight. The control plane (one thread), PostgreSQL and the " +
      "runner host share the cores with the children.",
  };
}
