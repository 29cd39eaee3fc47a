import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import { canonicalJson, type DagRunState, type DagSpec, type Json, type MaybeState, type TaskSpec, type UpstreamCounts } from "@tradewind/core";
import { dagSpec as plainDagSpec, taskSpec as plainTaskSpec } from "@tradewind/core/plain-spec";
import { createFernet, type Database, generateFernetKey } from "@tradewind/metadata";
import { builder, run } from "@tradewind/metadata/testing";
import type { TestDatabase } from "@tradewind/metadata/testing";
import { createHash } from "node:crypto";
import { createEngine, type Engine, type EngineOptions } from "../src/index.ts";

export const HOST = "host-1";

/** An engine on a test database, with one registered runner host of executor "local". */
export async function startEngine(database: TestDatabase, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const errors: unknown[] = [];
  const engine = createEngine({
    db: database.db,
    hot: database.hot,
    fernet: createFernet(generateFernetKey()),
    issueAttemptToken: ({ attemptId }) => `token of ${attemptId}`,
    defaultExecutor: "local",
    dagsArePausedAtCreation: false,
    listens: false,
    onError: (error) => errors.push(error),
    ...options,
  });
  await engine.registerHost({ hostId: HOST, executor: "local", hostname: "box", pid: 1, version: "1", slots: 16, queues: null });
  return engine;
}

export function task(taskId: string, fields: Partial<TaskSpec> = {}): TaskSpec {
  return plainTaskSpec(taskId, { owner: "airflow", ...fields, upstream: [...(fields.upstream ?? [])].sort() });
}

export function dagSpec(dagId: string, tasks: TaskSpec[], fields: Partial<DagSpec> = {}): DagSpec {
  return plainDagSpec({ dagId, owner: "airflow", isPausedUponCreation: false, tasks, ...fields });
}

/** Stores DAGs as a dag-processor would. */
export async function storeDags(engine: Engine, ...specs: DagSpec[]): Promise<void> {
  const code = `// ${specs.map((spec) => spec.dagId).join(", ")} ${Math.random()}`;
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const recorded = await engine.recordDagFile({
    bundleName: "dags",
    relativePath: `${specs[0]!.dagId}.ts`,
    fingerprint: {},
    parseDurationMs: 1,
    resolveFrom: ["/project"],
    result: {
      ok: true,
      bundle: { sha256: sha(code), code, sourceMap: null },
      source: code,
      dags: specs.map((spec) => {
        const specJson = canonicalJson(spec);
        return { dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha(specJson) };
      }),
    },
  });
  if (recorded.rejected.length > 0) throw new Error(JSON.stringify(recorded.rejected));
}

export async function trigger(
  engine: Engine,
  dagId: string,
  fields: { runId?: string; conf?: { [key: string]: Json } } = {},
): Promise<{ dagRunId: number; runId: string }> {
  return engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "test" }, ...fields });
}

/** What a task does in a test; default: succeeds without a result. */
export type Behaviour = (grant: AttemptGrant) => TaskOutcome;

export const ok = (result?: Json): TaskOutcome => ({
  kind: "success",
  ...(result === undefined ? {} : { result: JSON.stringify(result) }),
  ...(Array.isArray(result) ? { resultLength: result.length } : {}),
});

export function failure(fields: { retryable?: boolean; retryAfterMs?: number } = {}): TaskOutcome {
  return { kind: "failed", failure: { reason: "error", message: "boom" }, retryable: true, ...fields };
}

export const SCHEDULER = "00000000-0000-7000-8000-000000000001";

export async function dispatchOnce(
  engine: Engine,
  fields: { parallelism?: number; limit?: number; schedulerId?: string; free?: number | null } = {},
): Promise<string[]> {
  const { parallelism = 1_000, limit = 100, schedulerId = SCHEDULER, free = null } = fields;
  const { commands } = await engine.dispatch({ schedulerId, parallelism, executors: [{ name: "local", free }], limit });
  return commands.map((command) => command.attemptId);
}

/** Starts everything that is ready, runs it by `behave`, and goes on until nothing is ready. Gives the grants in order. */
export async function drain(
  engine: Engine,
  behave: Behaviour = () => ok(),
  options: { want?: boolean; hostId?: string } = {},
): Promise<AttemptGrant[]> {
  const hostId = options.hostId ?? HOST;
  const all: AttemptGrant[] = [];
  for (;;) {
    // What the ends of runs let in is ready as well.
    await engine.idle();
    const starts = await dispatchOnce(engine);
    if (starts.length === 0) return all;
    const { granted } = await engine.exchange({ hostId, starts, finishes: [], want: 0, queues: null });
    let running = granted;
    while (running.length > 0) {
      all.push(...running);
      const finishes = running.map((grant) => ({ attemptId: grant.attemptId, outcome: behave(grant), durationMs: 1 }));
      const { next } = await engine.exchange({ hostId, starts: [], finishes, want: options.want === false ? 0 : finishes.length, queues: null });
      running = next;
    }
  }
}

export interface SeenInstance {
  id: number;
  taskId: string;
  mapIndex: number;
  state: MaybeState;
  tryNumber: number;
  counts: UpstreamCounts;
}

export async function instancesOf(db: Database, dagRunId: number): Promise<SeenInstance[]> {
  const rows = await builder(db).selectFrom("task_instance").selectAll().where("dag_run_id", "=", dagRunId).orderBy("id").execute();
  return rows.map((row) => ({
    id: row.id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    state: row.state,
    tryNumber: row.try_number,
    counts: {
      total: row.up_total,
      success: row.up_success,
      skipped: row.up_skipped,
      failed: row.up_failed,
      upstreamFailed: row.up_upstream_failed,
      removed: row.up_removed,
    },
  }));
}

/** `task` or `task[index]` → state. */
export async function statesOf(db: Database, dagRunId: number): Promise<Record<string, MaybeState>> {
  const rows = await instancesOf(db, dagRunId);
  rows.sort((a, b) => a.taskId.localeCompare(b.taskId) || a.mapIndex - b.mapIndex);
  return Object.fromEntries(rows.map((row) => [row.mapIndex < 0 ? row.taskId : `${row.taskId}[${row.mapIndex}]`, row.state]));
}

export async function runStateOf(
  db: Database,
  dagRunId: number,
): Promise<{ state: DagRunState; reason: string | null; unfinished: number; live: number }> {
  const row = await builder(db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
  return { state: row.state, reason: row.state_reason, unfinished: row.unfinished_count, live: row.live_count };
}

/** Nothing alive is left behind. */
export async function countAlive(db: Database): Promise<{ queue: number; leases: number; timers: number }> {
  const count = async (table: "task_queue" | "lease" | "task_timer"): Promise<number> =>
    (await builder(db).selectFrom(table).select("task_instance_id").execute()).length;
  return { queue: await count("task_queue"), leases: await count("lease"), timers: await count("task_timer") };
}

/** Until a statement waits for a lock in this database. */
export async function untilBlocked(db: Database): Promise<void> {
  const text = "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  for (const giveUpAt = performance.now() + 10_000; ;) {
    const [row] = await run<{ waiting: number }>(db, { text });
    if (row!.waiting > 0) return;
    if (performance.now() > giveUpAt) throw new Error("Something was to wait for a lock.");
  }
}
