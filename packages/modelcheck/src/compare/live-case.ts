import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import type { TaskSpec } from "@tradewind/core";
import type { EngineHarness, SeenRun } from "../engine-harness.ts";
import { buildDag, type BuiltDag } from "../generate/build-dag.ts";
import type { Case, Step } from "../generate/case.ts";
import { clear, endAttempt, mark, markRun, type Outcome, passRetryDelays, refuseAttempt, startAttempt, takeAttempt } from "../model/changes.ts";
import { DagModel } from "../model/dag-model.ts";
import { type ModelInstance, nameOf, RunModel } from "../model/run-model.ts";
import { checkLimits } from "./check-limits.ts";
import { chooseToClear, outcomeOf } from "./choices.ts";

export interface LiveAttempt {
  attemptId: string;
  run: RunModel;
  instance: ModelInstance;
}

const ACTOR = { name: "modelcheck" };

/** One generated case under way: the model of its runs, the attempts that live, and what has happened so far, in words. */
export class LiveCase {
  readonly source: Case;
  readonly built: BuiltDag;
  readonly dag: DagModel;
  readonly runs: RunModel[] = [];
  dagRunIds: readonly number[] = [];
  #runIds: readonly string[] = [];
  attempts: LiveAttempt[] = [];
  isPaused = false;
  readonly log: string[] = [];
  problem: string | null = null;

  constructor(source: Case, dagId: string) {
    this.source = source;
    this.built = buildDag(source.dag, dagId);
    this.dag = new DagModel(this.built.spec);
  }

  get dagId(): string {
    return this.built.spec.dagId;
  }

  async begin(harness: EngineHarness): Promise<void> {
    if (this.built.pool !== null) await harness.addPool(this.built.pool.name, this.built.pool.slots);
    await harness.storeDag(this.built.spec);
    this.dagRunIds = await harness.createRuns(this.built.spec);
    this.#runIds = await Promise.all(this.dagRunIds.map((id) => harness.runIdOf(id)));
    for (const _ of this.dagRunIds) this.runs.push(new RunModel(this.dag, this.runs.at(-1) ?? null));
    this.settle();
  }

  settle(): void {
    for (const run of this.runs) run.settle();
  }

  get isAtRest(): boolean {
    const waits = this.runs.some((run) => run.isWaitingForTime() || run.instances.some(({ state }) => state === "scheduled"));
    return this.attempts.length === 0 && !waits;
  }

  noteTaken(command: { attemptId: string; runId: string; taskId: string; mapIndex: number }): void {
    const run = this.runs[this.#runIds.indexOf(command.runId)]!;
    const instance = run.get(command.taskId, command.mapIndex);
    takeAttempt(instance, command.attemptId);
    this.attempts.push({ attemptId: command.attemptId, run, instance });
  }

  /** Attempts that are queued, and are asked to be started. */
  waitingAttempts(): string[] {
    return this.attempts
      .filter(({ attemptId, instance }) => instance.attempt?.attemptId !== attemptId || !instance.attempt.isRunning)
      .map(({ attemptId }) => attemptId);
  }

  noteStarted(granted: readonly AttemptGrant[], refused: readonly string[]): void {
    for (const { attemptId } of granted) {
      const attempt = this.attempts.find((one) => one.attemptId === attemptId)!;
      if (!startAttempt(attempt.instance, attemptId))
        throw new Error(`The engine started ${nameOf(attempt.instance)}, which the model would refuse.`);
    }
    for (const attemptId of refused) {
      const attempt = this.attempts.find((one) => one.attemptId === attemptId)!;
      if (attempt.instance.attempt?.attemptId === attemptId) this.#noteRefusal(attempt);
      this.attempts = this.attempts.filter((one) => one !== attempt);
    }
    const started = granted.map(({ attemptId }) => this.#show(this.attempts.find((one) => one.attemptId === attemptId)!));
    if (started.length > 0) this.log.push(`started ${started.join(", ")}`);
  }

  #noteRefusal({ run, instance }: LiveAttempt): void {
    if (run.hasInputs(this.dag.task(instance.taskId))) throw new Error(`The engine refused to start ${nameOf(instance)}.`);
    this.log.push(`${nameOf(instance)} could not have its inputs`);
    refuseAttempt(run, instance);
    run.settle();
  }

  /** The attempts that end in this step, with what they report. */
  pickEnds(step: Step): { attempt: LiveAttempt; outcome: Outcome; isLost: boolean }[] {
    if (step.kind !== "end_all" && step.kind !== "end_one") return [];
    const running = this.attempts.filter(({ instance, attemptId }) => instance.attempt?.attemptId === attemptId && instance.attempt.isRunning);
    if (running.length === 0) return [];
    // In a DAG that fails fast it matters who is first.
    const isOne = step.kind === "end_one" || this.built.spec.failFast;
    const picked = isOne ? [running[step.pick % running.length]!] : running;
    return picked.map((attempt) => ({ attempt, ...outcomeOf(this.built, this.dag, attempt.instance) }));
  }

  noteEnded(attempt: LiveAttempt, outcome: Outcome, accepted: boolean | null): void {
    const { run, instance, attemptId } = attempt;
    this.attempts = this.attempts.filter((one) => one !== attempt);
    const words = outcome.kind === "success" ? `returned ${JSON.stringify(outcome.result) ?? "nothing"}` : outcome.kind;
    this.log.push(`${this.#show(attempt)} try ${instance.tryNumber} ${words}${outcome.kind === "failed" && !outcome.retryable ? " for good" : ""}`);
    const counts = endAttempt(run, instance, attemptId, outcome);
    if (accepted !== null && counts !== accepted)
      throw new Error(`The end of ${nameOf(instance)} counts ${counts ? "to the model" : "to the engine"} only.`);
  }

  /** What a person does in this step. */
  async act(harness: EngineHarness, { kind, pick, flags }: Step): Promise<void> {
    const place = pick % this.runs.length;
    const run = this.runs[place]!;
    const target = { dagId: this.dagId, runId: this.#runIds[place]!, actor: ACTOR };
    const task = this.dag.spec.tasks[pick % this.dag.spec.tasks.length]!;
    if (kind === "clear") return this.#clear(harness, run, target, { pick, flags });
    if (kind === "mark") return this.#mark(harness, run, target, task, flags);
    if (kind === "mark_run") {
      const state = flags % 2 === 0 ? "success" : "failed";
      this.log.push(`run ${place} marked ${state}`);
      markRun(run, state);
      await harness.engine.setDagRunState({ ...target, state });
    }
    if (kind === "pause" || kind === "unpause") {
      this.isPaused = kind === "pause";
      this.log.push(kind);
      await harness.engine.setPaused({ dagId: this.dagId, isPaused: this.isPaused, actor: ACTOR });
    }
    this.settle();
  }

  async #clear(
    harness: EngineHarness,
    run: RunModel,
    target: { dagId: string; runId: string; actor: { name: string } },
    { pick, flags }: Omit<Step, "kind">,
  ): Promise<void> {
    const choice = chooseToClear(this.dag, pick, flags);
    this.log.push(`cleared ${choice.taskIds.join(", ")} of run ${this.runs.indexOf(run)}${flagsOf(choice)}`);
    clear(run, choice);
    const rest = {
      onlyRunning: false,
      resetDagRuns: true,
      includeFuture: false,
      includePast: false,
      runOnLatestVersion: false,
      preventRunningTask: false,
    };
    await harness.engine.clearTaskInstances({ ...target, ...choice, taskIds: [...choice.taskIds], ...rest, dryRun: false });
    this.settle();
  }

  async #mark(
    harness: EngineHarness,
    run: RunModel,
    target: { dagId: string; runId: string; actor: { name: string } },
    task: TaskSpec,
    flags: number,
  ): Promise<void> {
    const choice = {
      taskId: task.taskId,
      state: (["success", "failed", "skipped"] as const)[flags % 3]!,
      includeUpstream: (flags & 24) === 24,
      includeDownstream: (flags & 8) !== 0,
    };
    this.log.push(`marked ${choice.taskId} of run ${this.runs.indexOf(run)} ${choice.state}${flagsOf(choice)}`);
    mark(run, choice);
    await harness.engine.setTaskInstanceState({ ...target, ...choice, includeFuture: false, includePast: false, dryRun: false });
    this.settle();
  }

  passTime(): void {
    if (this.runs.some((run) => run.isWaitingForTime())) this.log.push("delays passed");
    for (const run of this.runs) if (run.state === "running") passRetryDelays(run);
    this.settle();
  }

  startQueuedRuns(): void {
    for (const run of this.runs) if (run.state === "queued" && !this.isPaused) run.state = "running";
    this.settle();
  }

  /** Throws what is different. */
  compare(seen: ReadonlyMap<number, SeenRun>): void {
    for (const [index, run] of this.runs.entries()) {
      const { state, states, tries } = seen.get(this.dagRunIds[index]!)!;
      const differences = Object.entries({ ...run.states(), ...states })
        .map(([name]) => ({ name, model: show(run.states()[name]), engine: show(states[name]) }))
        .filter(({ model, engine }) => model !== engine)
        .map(({ name, model, engine }) => `${name} is ${engine} in the engine, ${model} in the model`);
      if (state !== run.state) differences.push(`the run is ${state} in the engine, ${run.state} in the model`);
      for (const instance of run.instances) {
        const name = nameOf(instance);
        const [theirs, ours] = [tries[name], instance.tryNumber];
        if (theirs !== undefined && theirs !== ours) differences.push(`${name} is at try ${theirs} in the engine, at ${ours} in the model`);
      }
      if (differences.length > 0) throw new Error(`run ${index}: ${differences.join("; ")}`);
    }
    checkLimits(this);
  }

  #show({ run, instance }: LiveAttempt): string {
    return this.runs.length === 1 ? nameOf(instance) : `${nameOf(instance)} of run ${this.runs.indexOf(run)}`;
  }
}

export function toTaskOutcome(outcome: Outcome): TaskOutcome {
  if (outcome.kind === "skipped") return { kind: "skipped", reason: "generated" };
  if (outcome.kind === "failed") return { kind: "failed", failure: { reason: "error", message: "generated" }, retryable: outcome.retryable };
  const { result } = outcome;
  if (result === undefined) return { kind: "success" };
  return { kind: "success", result: JSON.stringify(result), ...(Array.isArray(result) && { resultLength: result.length }) };
}

function show(state: string | null | undefined): string {
  return state === undefined ? "not there" : (state ?? "undecided");
}

function flagsOf(choice: { onlyFailed?: boolean; includeUpstream: boolean; includeDownstream: boolean }): string {
  const words = [
    choice.onlyFailed === true && "only failed",
    choice.includeUpstream && "with upstream",
    choice.includeDownstream && "with downstream",
  ];
  const said = words.filter((word) => word !== false);
  return said.length === 0 ? "" : ` (${said.join(", ")})`;
}
