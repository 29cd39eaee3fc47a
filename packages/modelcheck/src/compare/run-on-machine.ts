import { type AttemptEnd, compileDag, createRunMachine, type DagGraph, type PastFacts, type RunMachine } from "@tradewind/core";
import { buildDag, type BuiltDag } from "../generate/build-dag.ts";
import { type Case, type Step } from "../generate/case.ts";
import { clearInstances, endAttempt, listToClear, markRun, type Outcome, passTime, startAttempt, startRun, takeAttempt } from "../model/changes.ts";
import { DagModel } from "../model/dag-model.ts";
import { type ModelInstance, nameOf, RunModel } from "../model/run-model.ts";
import { chooseToClear, outcomeOf } from "./choices.ts";

const MAX_ROUNDS = 600;
/** More than any delay of a generated DAG. */
const LONG_MS = 3_600_000;
const DRAIN: Step = { kind: "end_all", pick: 0, flags: 0 };

/**
 * Runs a case through the run machine in memory (what the testing kit and `dags test` stand on) and the model; after every step their states must be equal. No database, so thousands
 * take a second. What only an engine has (queued attempts, marks, pauses) is left out.
 * @throws Error that says what is different
 */
export function runOnMachine(source: Case, log: string[] = []): void {
  const pair = new MachineAndModel(buildDag(source.dag, "dag"), source.dag.runs, log);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    pair.begin();
    pair.act(source.history[round] ?? DRAIN);
    if (round % 3 === 2) pair.passTime();
    if (round > source.history.length && pair.isAtRest) return;
  }
  throw new Error(`it came to no end in ${MAX_ROUNDS} rounds`);
}

class MachineAndModel {
  readonly #built: BuiltDag;
  readonly #dag: DagModel;
  readonly #graph: DagGraph;
  readonly #models: RunModel[] = [];
  readonly #machines: RunMachine[] = [];
  readonly #log: string[];

  constructor(built: BuiltDag, runs: number, log: string[]) {
    this.#built = built;
    this.#log = log;
    this.#dag = new DagModel(built.spec);
    this.#graph = compileDag(built.spec);
    for (let index = 0; index < runs; index++) {
      this.#models.push(new RunModel(this.#dag, this.#models.at(-1) ?? null));
      this.#machines.push(createRunMachine(this.#graph, { pastOf: (taskId) => this.#pastOf(index, taskId) }));
    }
    for (const machine of this.#machines) machine.start();
    this.#settle("the start");
  }

  get isAtRest(): boolean {
    return this.#models.every(
      (model) => !model.isWaitingForTime() && !model.instances.some(({ state }) => state === "scheduled" || state === "running"),
    );
  }

  #pastOf(index: number, taskId: string): PastFacts {
    const before = this.#machines[index - 1];
    if (before === undefined) return { previous: null, hasRunBefore: false };
    const statesOf = (id: string) => before.instances.filter((instance) => instance.taskId === id).map(({ state }) => state);
    const downstreamStates = this.#graph.tasks.get(taskId)!.downstream.flatMap(statesOf);
    return { previous: { hasTask: true, states: statesOf(taskId), downstreamStates, isBeforeStartDate: false }, hasRunBefore: true };
  }

  begin(): void {
    for (const [index, model] of this.#models.entries()) {
      for (const instance of model.instances.filter(({ state }) => state === "scheduled")) {
        takeAttempt(instance, "attempt");
        startAttempt(instance, "attempt");
        this.#machines[index]!.begin(this.#find(index, instance));
      }
    }
    this.#compare("tasks began");
  }

  act(step: Step): void {
    if (step.kind === "clear") this.#clear(step);
    if (step.kind === "mark_run") this.#markRun(step);
    if (step.kind === "end_all" || step.kind === "end_one") this.#end(step);
  }

  /** The machine leaves stopping attempts to the engine: only what does not run is cleared. */
  #clear({ pick, flags }: Step): void {
    const index = pick % this.#models.length;
    const model = this.#models[index]!;
    if (model.instances.some(({ state }) => state === "running")) return;
    const instances = listToClear(model, { ...chooseToClear(model, pick, flags), onlyRunning: false });
    this.#log.push(`cleared ${instances.map(nameOf).join(", ")} of run ${index}`);
    const theirs = instances.map((instance) => this.#find(index, instance));
    clearInstances(model, instances);
    this.#machines[index]!.clear(theirs);
    if (model.state === "queued") {
      startRun(model);
      this.#machines[index]!.start();
    }
    this.#settle("a clear");
  }

  #markRun({ pick, flags }: Step): void {
    const index = pick % this.#models.length;
    const state = flags % 2 === 0 ? "success" : "failed";
    this.#log.push(`run ${index} marked ${state}`);
    markRun(this.#models[index]!, state);
    this.#machines[index]!.markRun(state);
    this.#settle("a mark");
  }

  #end({ kind, pick }: Step): void {
    const running = this.#models.flatMap((model, index) =>
      model.instances.filter(({ state }) => state === "running").map((instance) => ({ model, index, instance })),
    );
    if (running.length === 0) return;
    // In a DAG that fails fast it matters who is first.
    const picked = kind === "end_one" || this.#built.spec.failFast ? [running[pick % running.length]!] : running;
    const ends = this.#machines.map((): { instance: ReturnType<RunMachine["instances"]["at"]> & {}; end: AttemptEnd }[] => []);
    for (const { model, index, instance } of picked) {
      const { outcome } = outcomeOf(this.#built, this.#dag, instance);
      ends[index]!.push({ instance: this.#find(index, instance), end: toEnd(outcome) });
      this.#log.push(`${nameOf(instance)} of run ${index} try ${instance.tryNumber}: ${JSON.stringify(outcome)}`);
      endAttempt(model, instance, "attempt", outcome);
    }
    for (const [index, machine] of this.#machines.entries()) if (ends[index]!.length > 0) machine.endAll(ends[index]!);
    this.#settle("attempts ended");
  }

  passTime(): void {
    if (this.#models.some((model) => model.isWaitingForTime())) this.#log.push("delays passed");
    for (const [index, model] of this.#models.entries()) {
      if (model.state !== "running") continue;
      passTime(model, LONG_MS);
      const machine = this.#machines[index]!;
      if (model.state !== "running") machine.timeOut();
      for (const timer of machine.listTimers()) machine.fire(timer);
    }
    this.#settle("time passed");
  }

  #settle(when: string): void {
    // A run that moves may set the next one free.
    for (const _ of this.#machines) for (const machine of this.#machines) machine.reconsiderPast();
    for (const model of this.#models) model.settle();
    // Here an attempt is over as soon as its instance has moved on.
    for (const model of this.#models) for (const instance of model.instances) if (instance.state !== "running") instance.attempt = null;
    this.#compare(when);
  }

  #compare(when: string): void {
    for (const [index, model] of this.#models.entries()) {
      const machine = this.#machines[index]!;
      const ours = model.instances.map((instance) => [nameOf(instance), `${instance.state ?? "undecided"} at try ${instance.tryNumber}`] as const);
      const theirs = new Map(
        machine.instances.map((instance) => [nameOf(instance), `${instance.state ?? "undecided"} at try ${instance.tryNumber}`]),
      );
      const differences = ours.flatMap(([name, state]) =>
        theirs.get(name) === state ? [] : [`${name} is ${theirs.get(name)} in the machine, ${state} in the model`],
      );
      if (theirs.size !== ours.length) differences.push(`the machine has ${theirs.size} instances, the model ${ours.length}`);
      if (machine.run.state !== model.state) differences.push(`the run is ${machine.run.state} in the machine, ${model.state} in the model`);
      if (differences.length > 0) throw new Error(`after ${when}: run ${index}: ${differences.join("; ")}`);
    }
  }

  #find(index: number, { taskId, mapIndex }: ModelInstance) {
    const found = this.#machines[index]!.find(taskId, mapIndex);
    if (found === undefined) throw new Error(`The machine has no ${nameOf({ taskId, mapIndex })}.`);
    return found;
  }
}

function toEnd(outcome: Outcome): AttemptEnd {
  if (outcome.kind === "skipped") return { kind: "skipped", reason: "generated" };
  if (outcome.kind === "rescheduled") return { kind: "reschedule", resumeAfterMs: 1 };
  if (outcome.kind === "failed") return { kind: "failed", message: "generated", isFinal: !outcome.retryable };
  return outcome.result === undefined ? { kind: "success" } : { kind: "success", result: outcome.result };
}
