import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import { isTradewindError } from "@tradewind/core";
import type { EngineHarness, SeenRun, SeenRunName } from "../engine-harness.ts";
import { buildDag, type BuiltDag } from "../generate/build-dag.ts";
import type { Case, Step } from "../generate/case.ts";
import {
  clearInstances,
  endAttempt,
  listToClear,
  mark,
  markRun,
  type Outcome,
  passTime,
  refuseAttempt,
  type Selection,
  startAttempt,
  startRun,
  takeAttempt,
} from "../model/changes.ts";
import { DagModel } from "../model/dag-model.ts";
import { type ModelInstance, nameOf, RunModel } from "../model/run-model.ts";
import type { DagRunState } from "@tradewind/core";
import { checkLimits } from "./check-limits.ts";
import { chooseToClear, chooseToMark, outcomeOf, runsAround } from "./choices.ts";

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
  /** As they were at the last look: a run that has ended since lets others in. */
  #runStates: DagRunState[] = [];
  attempts: LiveAttempt[] = [];
  isPaused = false;
  isDraining = false;
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
    if (!this.isScheduled) await harness.trigger(this.dagId);
    this.letRunsIn();
  }

  get isScheduled(): boolean {
    return this.built.spec.schedule.kind !== "none";
  }

  /** What the runs are called. */
  nameRuns(names: readonly SeenRunName[]): void {
    this.dagRunIds = names.map(({ dagRunId }) => dagRunId);
    this.#runIds = names.map(({ runId }) => runId);
  }

  settle(): void {
    do for (const run of this.runs) run.settle();
    while (this.#followEnds());
  }

  /** Runs have ended: the DAG is paused when too many failed, and else queued runs start. Returns whether any does. */
  #followEnds(): boolean {
    const hasEnded = this.runs.some(({ state }, index) => state !== this.#runStates[index] && (state === "success" || state === "failed"));
    this.#runStates = this.runs.map(({ state }) => state);
    if (!hasEnded) return false;
    const { maxConsecutiveFailedDagRuns: limit } = this.built.spec;
    const latest = this.runs.slice(-limit);
    if (limit > 0 && this.isScheduled && latest.length === limit && latest.every(({ state }) => state === "failed") && !this.isPaused) {
      this.isPaused = true;
      this.isDraining = false;
      this.log.push("paused, since its runs failed");
    }
    this.#pauseDrained();
    return this.#startQueued();
  }

  /** "Draining: no new scheduled runs, unfinished runs finish, then the Dag pauses itself." */
  #pauseDrained(): void {
    if (!this.isDraining || this.runs.some(({ state }) => state === "queued" || state === "running")) return;
    this.isDraining = false;
    this.isPaused = true;
    this.log.push("drained, and paused");
  }

  /** "Queued -> running … only if running count < limit", oldest first. */
  #startQueued(): boolean {
    const queued = this.runs.filter(({ state }) => state === "queued");
    const running = this.runs.filter(({ state }) => state === "running").length;
    const starting = this.isPaused ? [] : queued.slice(0, Math.max(0, this.built.spec.maxActiveRuns - running));
    for (const run of starting) startRun(run);
    return starting.length > 0;
  }

  /** Starts queued runs and makes those that are due: "queued+running >= limit stops creating". */
  letRunsIn(): void {
    for (let more = true; more;) {
      more = this.#startQueued();
      this.settle();
      const unfinished = this.runs.filter(({ state }) => state === "queued" || state === "running");
      if (this.isPaused || this.isDraining || this.runs.length === this.source.dag.runs || unfinished.length >= this.built.spec.maxActiveRuns)
        continue;
      const waitsBehind = unfinished.some(({ state }) => state === "queued");
      this.runs.push(new RunModel(this.dag, this.runs.at(-1) ?? null, waitsBehind ? "queued" : "running"));
      this.settle();
      more = true;
    }
  }

  get isAtRest(): boolean {
    // A run may hold the place of an earlier one that it waits for: nothing moves then, as in Airflow.
    const hasPlace = this.runs.filter(({ state }) => state === "running").length < this.built.spec.maxActiveRuns;
    const isMoving = (run: RunModel): boolean =>
      (run.state === "queued" && hasPlace) || run.isWaitingForTime() || run.instances.some(({ state }) => state === "scheduled");
    return this.attempts.length === 0 && !this.isPaused && !this.runs.some(isMoving);
  }

  noteTaken(command: { attemptId: string; runId: string; taskId: string; mapIndex: number }): void {
    if (this.isPaused) throw new Error(`The engine dispatched ${nameOf(command)} of a DAG that is paused.`);
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
    if (run.hasInputs(this.dag.task(instance.taskId), instance)) throw new Error(`The engine refused to start ${nameOf(instance)}.`);
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
    const first = running[step.pick % running.length]!;
    // What ends in two runs at the same moment may be seen in either order by a run that looks at the tasks below the one it waits for.
    const looksBelow = this.runs.length > 1 && this.built.spec.tasks.some(({ waitForDownstream }) => waitForDownstream);
    const picked = isOne ? [first] : running.filter(({ run }) => !looksBelow || run === first.run);
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
    if (kind === "clear") await this.#clear(harness, place, { pick, flags });
    if (kind === "mark") await this.#mark(harness, place, { pick, flags });
    if (kind === "mark_run") {
      const state = flags % 2 === 0 ? "success" : "failed";
      this.log.push(`run ${place} marked ${state}`);
      markRun(run, state);
      await harness.engine.setDagRunState({ ...this.#target(place), state });
    }
    if (kind === "pause" || kind === "unpause") {
      this.isPaused = kind === "pause";
      this.isDraining = false;
      this.log.push(kind);
      await harness.engine.setPaused({ dagId: this.dagId, isPaused: this.isPaused, actor: ACTOR });
    }
    if (kind === "drain") {
      this.isPaused = false;
      this.isDraining = true;
      this.log.push("drain");
      this.#pauseDrained();
      await harness.engine.setSchedulingState({ dagId: this.dagId, state: "draining", actor: ACTOR });
    }
    this.settle();
  }

  #target(place: number): { dagId: string; runId: string; actor: { name: string } } {
    return { dagId: this.dagId, runId: this.#runIds[place]!, actor: ACTOR };
  }

  async #clear(harness: EngineHarness, place: number, { pick, flags }: Omit<Step, "kind">): Promise<void> {
    const { mapIndex, taskIds, ...choice } = chooseToClear(this.runs[place]!, pick, flags);
    this.log.push(`cleared ${taskIds.join(", ")}${mapIndex === null ? "" : ` (the first at ${mapIndex})`} of run ${place}${flagsOf(choice)}`);
    const targets = runsAround(this.runs, place, choice).map((run) => ({ run, instances: listToClear(run, { mapIndex, taskIds, ...choice }) }));
    const isRefused = choice.preventRunningTask && targets.some(({ instances }) => instances.some(({ state }) => state === "running"));
    if (!isRefused) for (const { run, instances } of targets) clearInstances(run, instances, choice.resetDagRuns);
    const [first, ...others] = taskIds;
    const named: string | [string, number] = mapIndex === null ? first! : [first!, mapIndex];
    const request = { ...this.#target(place), ...choice, taskIds: [named, ...others], runOnLatestVersion: false, dryRun: false };
    const refusal = await harness.engine.clearTaskInstances(request).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    const isConflict = isTradewindError(refusal) && refusal.code === "conflict";
    if (refusal !== null && !isConflict) throw refusal;
    if (isConflict !== isRefused) throw new Error(`The clear was refused ${isConflict ? "by the engine" : "by the model"} only.`);
  }

  async #mark(harness: EngineHarness, place: number, { pick, flags }: Omit<Step, "kind">): Promise<void> {
    const { mapIndex, taskIds, ...choice } = chooseToMark(this.runs[place]!, pick, flags);
    const name = nameOf({ taskId: taskIds[0]!, mapIndex: mapIndex ?? -1 });
    this.log.push(`marked ${name} of run ${place} ${choice.state}${flagsOf(choice)}`);
    for (const run of runsAround(this.runs, place, choice)) mark(run, { mapIndex, taskIds, ...choice });
    const request = { ...this.#target(place), ...choice, taskId: taskIds[0]!, ...(mapIndex !== null && { mapIndex }), dryRun: false };
    await harness.engine.setTaskInstanceState(request);
  }

  passTime(ms: number): void {
    if (this.runs.some((run) => run.isWaitingForTime())) this.log.push("delays passed");
    for (const run of this.runs) passTime(run, ms);
    this.settle();
  }

  /** Throws what is different. */
  compare(seen: ReadonlyMap<number, SeenRun>, isPaused: boolean): void {
    if (this.isPaused !== isPaused) throw new Error(`the DAG is ${isPaused ? "paused" : "not paused"} in the engine only`);
    if (this.dagRunIds.length !== this.runs.length) throw new Error(`the engine has ${this.dagRunIds.length} runs, the model ${this.runs.length}`);
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
  if (outcome.kind === "rescheduled") return { kind: "reschedule", resumeAfterMs: 1 };
  if (outcome.kind === "failed") return { kind: "failed", failure: { reason: "error", message: "generated" }, retryable: outcome.retryable };
  const { result } = outcome;
  if (result === undefined) return { kind: "success" };
  return { kind: "success", result: JSON.stringify(result), ...(Array.isArray(result) && { resultLength: result.length }) };
}

function show(state: string | null | undefined): string {
  return state === undefined ? "not there" : (state ?? "undecided");
}

function flagsOf(choice: Pick<Selection, "includeUpstream" | "includeDownstream"> & Record<string, unknown>): string {
  const words = Object.entries(choice).flatMap(([name, value]) => (value === true ? [name] : []));
  const all = choice["resetDagRuns"] === false ? [...words, "the run stays as it is"] : words.filter((word) => word !== "resetDagRuns");
  return all.length === 0 ? "" : ` (${all.join(", ")})`;
}
