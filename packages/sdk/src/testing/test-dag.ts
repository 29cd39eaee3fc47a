import {
  assertRunTypeAllowed,
  compileDag,
  type DagGraph,
  type DagRunState,
  type DagRunType,
  type DagSpec,
  type Json,
  makeRunId,
  resolveParams,
  validateDagSpec,
} from "@tradewind/core";
import type { AnyDag } from "../collect-dags.ts";
import { DAG } from "../definition.ts";
import { type Instant, readInstant } from "../instant.ts";
import { schemaValidator } from "../schema-validator.ts";
import { SPEC_DEFAULTS, type SpecDefaults } from "../spec-defaults.ts";
import { toSpec } from "../to-spec.ts";
import type { Mocks } from "./attempt-ends.ts";
import type { Fault } from "./faults.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryRun, type RunPlan } from "./memory-run.ts";
import { pastFactsOf } from "./past-runs.ts";
import { defaultNow, defaultRunType, intervalOfManualRun, planSchedule, type ScheduledRun } from "./plan-runs.ts";
import { includedBy } from "./included-tasks.ts";
import { TestRun } from "./test-run.ts";
import { type TestConnection, TestSettings } from "./test-settings.ts";

export interface TestRunOptions {
  /** Default: the DAG's start date, else 1 January 2026. null: a run without one. */
  logicalDate?: Instant | null;
  /** Default: `manual` (if the DAG allows it, else the first type it allows), and `scheduled` for what `next` and `schedule` give. */
  runType?: DagRunType;
  /** Default: what the timetable gives for a run by hand at the logical date. */
  dataInterval?: { start: Instant; end: Instant };
  runId?: string;
  /** When the run may begin; the run's clock stands there. Default: the logical date. */
  runAfter?: Instant;
  /** What the run is triggered with, checked against the DAG's params. Airflow's conf. */
  params?: Record<string, Json>;
  variables?: Record<string, Json>;
  connections?: Record<string, TestConnection>;
  /** By task id: a result, or a function that runs in place of the handler, with its inputs. */
  mocks?: Mocks;
  /** What goes wrong: `fail("load", { attempt: 1 })`, `crash(…)`, `timeout(…)`, `skip(…)`. */
  faults?: readonly Fault[];
  /** Run these tasks and what they need, and no others. Default: all. */
  only?: readonly string[];
  /** What runs of other DAGs that tasks start or ask about are. Default: `success`. */
  otherRuns?: DagRunState | ((dagId: string, runId: string) => DagRunState | undefined);
  /** Whether callbacks are called. Default true. */
  callbacks?: boolean;
}

export interface TestDagOptions {
  /** What the installation says where the author says nothing. */
  defaults?: Partial<SpecDefaults>;
  /** The moment the scheduler looks at the timetable first, in `next`. Default: the DAG's start date, else 1 January 2026. */
  now?: Instant;
}

/**
 * A DAG in a test: no database, no server, no waiting. Handlers run in this process, under the same decisions as in an installation, by a clock that jumps over retry delays and waiting.
 * Pools, limits and queues do not count: attempts run one at a time.
 *
 * @example
 * const run = await testDag(dag).run({ logicalDate: "2026-01-31", mocks: { extract: [{ id: 1 }] } });
 * assertSuccess(run);
 * @throws TradewindError `invalid_dag` when the DAG is not allowed
 */
export function testDag(dag: AnyDag, options: TestDagOptions = {}): TestDag {
  return new TestDag(dag, options);
}

/** Made by `testDag`. Its runs see each other: a task with `dependsOnPast` looks at the run before. */
export class TestDag {
  /** The DAG as an installation would store it. */
  readonly spec: DagSpec;
  readonly #dag: AnyDag;
  readonly #graph: DagGraph;
  readonly #now: Date;
  readonly #runs: MemoryRun[] = [];

  constructor(dag: AnyDag, { defaults, now }: TestDagOptions) {
    this.#dag = dag;
    this.spec = validateDagSpec(toSpec(dag, { ...SPEC_DEFAULTS, ...defaults }));
    this.#graph = compileDag(this.spec);
    this.#now = now === undefined ? defaultNow(this.spec) : this.#instant(now, "now");
  }

  /**
   * Runs the DAG to its end. Give it what `next` or `schedule` gave to run a scheduled run.
   * @throws TradewindError `invalid_params`, `task_not_found`, `run_type_not_allowed`; a task that fails is no error of this call
   */
  async run(options: TestRunOptions | (ScheduledRun & TestRunOptions) = {}): Promise<TestRun> {
    for (const taskId of [...Object.keys(options.mocks ?? {}), ...(options.faults ?? []).map((fault) => fault.taskId), ...(options.only ?? [])])
      this.#assertTask(taskId);
    const plan = await this.#plan(options);
    const settings = new TestSettings(options.variables, options.connections);
    const { otherRuns } = options;
    const run = new MemoryRun({
      dag: this.#dag,
      graph: this.#graph,
      plan,
      settings,
      clock: new ManualClock(plan.runAfter),
      pastOf: (taskId) => pastFactsOf(this.spec, this.#runs, plan.logicalDate, taskId),
      otherRuns: typeof otherRuns === "function" ? otherRuns : () => otherRuns ?? "success",
      ...(options.mocks && { mocks: options.mocks }),
      ...(options.faults && { faults: options.faults }),
      ...(options.callbacks !== undefined && { callbacks: options.callbacks }),
      ...(options.only && { isIncluded: includedBy(this.#graph, options.only) }),
    });
    await run.finish();
    this.#runs.push(run);
    return new TestRun(run);
  }

  /**
   * The next runs that the timetable asks for, as a scheduler makes them that sees the DAG from now on.
   * @example
   * const [first] = testDag(dag).next(1);
   * expect(first.dataInterval.start).toEqual(new Date("2026-01-01T00:00:00Z"));
   */
  next(count = 1): ScheduledRun[] {
    return planSchedule(this.spec, this.#now, null, count);
  }

  /**
   * The runs that a scheduler makes which sees the DAG from one moment to another: with catchup also those that were missed before.
   * @example
   * for (const planned of dag.schedule({ from: "2026-03-28", to: "2026-03-30" })) assertSuccess(await dag.run(planned));
   */
  schedule({ from, to }: { from: Instant; to: Instant }): ScheduledRun[] {
    return planSchedule(this.spec, this.#instant(from, "from"), this.#instant(to, "to"));
  }

  async #plan(options: TestRunOptions): Promise<RunPlan> {
    const { runType = defaultRunType(this.spec) } = options;
    assertRunTypeAllowed(this.spec, runType);
    const logicalDate =
      options.logicalDate === undefined
        ? defaultNow(this.spec)
        : options.logicalDate === null
          ? null
          : this.#instant(options.logicalDate, "logicalDate");
    const runAfter = options.runAfter === undefined ? (logicalDate ?? this.#now) : this.#instant(options.runAfter, "runAfter");
    const interval = options.dataInterval;
    const conf = options.params ?? {};
    const params = this.spec.params;
    const validate = Object.keys(params).length === 0 ? () => [] : schemaValidator();
    return {
      runId: options.runId ?? makeRunId({ runType, runAfter, logicalDate, suffix: String(this.#runs.length + 1).padStart(8, "0") }),
      runType,
      logicalDate,
      dataInterval:
        interval === undefined
          ? intervalOfManualRun(this.spec, logicalDate)
          : { start: this.#instant(interval.start, "start of dataInterval"), end: this.#instant(interval.end, "end of dataInterval") },
      runAfter,
      conf,
      params: resolveParams({ dagId: this.spec.dagId, params, conf, validate }),
    };
  }

  #instant(value: Instant, name: string): Date {
    return new Date(readInstant(value, this.#dag[DAG].options.timezone ?? "UTC", name));
  }

  #assertTask(taskId: string): void {
    if (this.#graph.tasks.has(taskId)) return;
    throw new Error(`DAG "${this.spec.dagId}" has no task "${taskId}". It has ${[...this.#graph.tasks.keys()].join(", ") || "none"}.`);
  }
}
