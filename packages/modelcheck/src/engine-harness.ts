import type { AttemptGrant, TaskCommand, TaskOutcome } from "@tradewind/contract";
import { canonicalJson, type DagRunState, type DagSpec, type MaybeState } from "@tradewind/core";
import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { builder, createTestDatabase, type TestDatabase } from "@tradewind/metadata/testing";
import { createHash } from "node:crypto";
import { nameOf } from "./model/run-model.ts";

const HOST = "modelcheck-host";
const SCHEDULER = "00000000-0000-7000-8000-000000000001";
/** More than any batch has ready at once. */
const EVERYTHING = 100_000;

/** What one look into the database shows of a run. */
export interface SeenRun {
  state: DagRunState;
  states: Record<string, MaybeState>;
  tries: Record<string, number>;
}

export interface SeenRunName {
  dagRunId: number;
  runId: string;
  dagId: string;
}

/** The real engine on a database of its own, with a clock that stands until it is moved; the harness is its scheduler and its runner host. */
export class EngineHarness {
  readonly engine: Engine;
  readonly errors: unknown[] = [];
  readonly #database: TestDatabase;
  #nowMs: number;

  private constructor(database: TestDatabase, startsAt: Date) {
    this.#database = database;
    this.#nowMs = startsAt.getTime();
    this.engine = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId }) => attemptId,
      defaultExecutor: "local",
      dagsArePausedAtCreation: false,
      listens: false,
      clock: { now: () => new Date(this.#nowMs) },
      onError: (error) => this.errors.push(error),
    });
  }

  static async start(startsAt: Date): Promise<EngineHarness> {
    const database = await createTestDatabase();
    const harness = new EngineHarness(database, startsAt);
    const host = { hostId: HOST, executor: "local", hostname: "modelcheck", pid: 1, version: "1", slots: EVERYTHING, queues: null };
    await harness.engine.registerHost(host);
    // Cases of one batch must not hold each other up.
    await builder(database.db).updateTable("pool").set({ slots: -1 }).execute();
    return harness;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.#database.drop();
  }

  passTime(ms: number): void {
    this.#nowMs += ms;
  }

  async addPool(name: string, slots: number): Promise<void> {
    await builder(this.#database.db).insertInto("pool").values({ name, slots }).execute();
  }

  async storeDag(spec: DagSpec): Promise<void> {
    const code = `// ${spec.dagId} ${this.#nowMs} ${Math.random()}`;
    const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
    const specJson = canonicalJson(spec);
    const { rejected } = await this.engine.recordDagFile({
      bundleName: "dags",
      relativePath: `${spec.dagId}.ts`,
      fingerprint: {},
      parseDurationMs: 1,
      resolveFrom: [],
      result: {
        ok: true,
        bundle: { sha256: sha(code), code, sourceMap: null },
        source: code,
        dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha(specJson) }],
      },
    });
    if (rejected.length > 0) throw new Error(`The engine refused a generated DAG: ${JSON.stringify(rejected)}\n${specJson}`);
  }

  /** Makes the runs that are due, or, of a DAG without a schedule, one run; oldest first. */
  async createRuns({ dagId, schedule }: DagSpec): Promise<number[]> {
    if (schedule.kind === "none") await this.trigger(dagId);
    else await this.letRunsIn();
    return ((await this.listRuns([dagId])).get(dagId) ?? []).map(({ dagRunId }) => dagRunId);
  }

  /** Of a DAG without a schedule. */
  async trigger(dagId: string): Promise<void> {
    await this.engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "modelcheck" } });
  }

  /** Makes the runs that are due and starts those that are queued, as far as limits allow, until none is left. */
  async letRunsIn(): Promise<void> {
    for (;;) {
      await this.engine.idle();
      const { started } = await this.engine.startQueuedRuns({ limit: 1_000 });
      const { created } = await this.engine.createDueRuns({ limit: 10 });
      if (started === 0 && created === 0) return;
    }
  }

  /** Oldest first. */
  async listRuns(dagIds: readonly string[]): Promise<Map<string, SeenRunName[]>> {
    const db = builder(this.#database.db);
    const rows = await db.selectFrom("dag_run").select(["id", "dag_id", "run_id"]).where("dag_id", "in", dagIds).orderBy("run_after").execute();
    return Map.groupBy(
      rows.map((row) => ({ dagRunId: row.id, runId: row.run_id, dagId: row.dag_id })),
      ({ dagId }) => dagId,
    );
  }

  async listPausedDags(): Promise<Set<string>> {
    const rows = await builder(this.#database.db).selectFrom("dag").select("dag_id").where("is_paused", "=", true).execute();
    return new Set(rows.map((row) => row.dag_id));
  }

  /** Fails runs that are out of time by the harness's clock. */
  async timeOutRuns(): Promise<void> {
    for (;;) {
      const { timedOut } = await this.engine.timeOutRuns({ limit: 1_000 });
      if (timedOut === 0) return this.engine.idle();
    }
  }

  /** Dispatches all that limits allow. */
  async takeReady(): Promise<TaskCommand[]> {
    const taken: TaskCommand[] = [];
    for (;;) {
      const request = { schedulerId: SCHEDULER, parallelism: EVERYTHING, executors: [{ name: "local", free: null }], limit: 1_000 };
      const { commands } = await this.engine.dispatch(request);
      if (commands.length === 0) return taken;
      taken.push(...commands);
    }
  }

  /** Moves the clock to the next moment at which something is due, and lets it happen. False: nothing ever is. */
  async passTimeToNext(): Promise<boolean> {
    const due = await this.engine.nextDueAt();
    if (due === null) return false;
    this.#nowMs = Math.max(this.#nowMs, due.getTime());
    await this.fireTimers();
    return true;
  }

  /** Asks to start attempts. */
  async start(attemptIds: readonly string[]): Promise<{ granted: AttemptGrant[]; refused: string[] }> {
    if (attemptIds.length === 0) return { granted: [], refused: [] };
    const answer = await this.engine.exchange({ hostId: HOST, starts: [...attemptIds], finishes: [], want: 0, queues: null });
    return { granted: answer.granted, refused: answer.refused.map(({ attemptId }) => attemptId) };
  }

  /** Dispatches and starts all that limits allow. */
  async startReady(): Promise<AttemptGrant[]> {
    const taken = await this.takeReady();
    return (await this.start(taken.map(({ attemptId }) => attemptId))).granted;
  }

  /** Reports ends. Gives, in the same order, whether each counted. */
  async finish(ends: readonly { attemptId: string; outcome: TaskOutcome }[]): Promise<boolean[]> {
    if (ends.length === 0) return [];
    const finishes = ends.map((end) => ({ ...end, durationMs: 1 }));
    const { finished } = await this.engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
    await this.engine.idle();
    const accepted = new Map(finished.map((answer) => [answer.attemptId, answer.accepted]));
    return ends.map(({ attemptId }) => accepted.get(attemptId) ?? false);
  }

  /** Attempts whose runner died. */
  async lose(attemptIds: readonly string[]): Promise<void> {
    if (attemptIds.length === 0) return;
    await this.engine.loseAttempts(attemptIds.map((attemptId) => ({ attemptId, reason: "lost", message: "its runner died" })));
    await this.engine.idle();
  }

  /** Fires all that is due by the harness's clock. */
  async fireTimers(): Promise<void> {
    for (;;) {
      const { fired, more } = await this.engine.fireTimers({ limit: 1_000 });
      if (fired === 0 && !more) return this.engine.idle();
    }
  }

  async look(dagRunIds: readonly number[]): Promise<Map<number, SeenRun>> {
    const db = builder(this.#database.db);
    const [runs, instances] = await Promise.all([
      db.selectFrom("dag_run").select(["id", "state"]).where("id", "in", dagRunIds).execute(),
      db
        .selectFrom("task_instance")
        .select(["dag_run_id", "task_id", "map_index", "state", "try_number"])
        .where("dag_run_id", "in", dagRunIds)
        .execute(),
    ]);
    const seen = new Map<number, SeenRun>(runs.map(({ id, state }) => [id, { state, states: {}, tries: {} }]));
    instances.sort((one, other) => one.task_id.localeCompare(other.task_id) || one.map_index - other.map_index);
    for (const { dag_run_id, task_id, map_index, state, try_number } of instances) {
      const run = seen.get(dag_run_id)!;
      const name = nameOf({ taskId: task_id, mapIndex: map_index });
      run.states[name] = state;
      run.tries[name] = try_number;
    }
    return seen;
  }
}
