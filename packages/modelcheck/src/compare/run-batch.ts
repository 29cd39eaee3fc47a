import type { TaskOutcome } from "@tradewind/contract";
import { EngineHarness } from "../engine-harness.ts";
import { FIRST_DATE, DAY_MS } from "../generate/build-dag.ts";
import type { Case, Step } from "../generate/case.ts";
import { checkNothingStarves } from "./check-limits.ts";
import type { Outcome } from "../model/changes.ts";
import { type LiveAttempt, LiveCase, toTaskOutcome } from "./live-case.ts";

/** Rounds after which a case that still has something to do has gone wrong. */
const MAX_ROUNDS = 600;
/** More than any delay of a generated DAG. */
const LONG_MS = 3_600_000;
const DRAIN: Step = { kind: "end_all", pick: 0, flags: 0 };

/** A case in which engine and model disagreed, and when. */
export interface Disagreement {
  index: number;
  problem: string;
  /** What had happened to its runs until then. */
  log: readonly string[];
}

/**
 * Runs cases side by side through the real engine and the model, in rounds: what is ready is dispatched and started, something happens, time passes. After each of
 * these all states must be the same. What happens when depends on the round and the case alone, so a case goes alone as it goes among others.
 */
export async function runBatch(cases: readonly Case[]): Promise<Disagreement[]> {
  await using harness = await EngineHarness.start(new Date(Date.parse(FIRST_DATE) + 30 * DAY_MS));
  const lives = cases.map((source, index) => new LiveCase(source, `dag_${index}`));
  const batch = new Batch(harness, lives);
  for (const live of lives) await batch.guard(live, () => live.begin(harness));
  await batch.letRunsIn();
  await batch.compare("creation");
  for (let round = 0; batch.isActive; round++) {
    await batch.dispatch(round);
    await batch.act(round);
    await batch.passTime(round);
    if (round >= MAX_ROUNDS) for (const live of batch.active) live.problem = `it came to no end in ${MAX_ROUNDS} rounds`;
  }
  if (harness.errors.length > 0) throw harness.errors[0];
  return lives.flatMap(({ problem, log }, index) => (problem === null ? [] : [{ index, problem, log }]));
}

class Batch {
  readonly #harness: EngineHarness;
  readonly #lives: readonly LiveCase[];
  #round = 0;

  constructor(harness: EngineHarness, lives: readonly LiveCase[]) {
    this.#harness = harness;
    this.#lives = lives;
  }

  get active(): LiveCase[] {
    return this.#lives.filter((live) => live.problem === null && !(live.isAtRest && this.#round > live.source.history.length));
  }

  get isActive(): boolean {
    return this.active.length > 0;
  }

  async guard(live: LiveCase, act: () => void | Promise<void>): Promise<void> {
    if (live.problem !== null) return;
    try {
      await act();
    } catch (error) {
      live.problem = error instanceof Error ? error.message : String(error);
    }
  }

  async letRunsIn(): Promise<void> {
    await this.#harness.letRunsIn();
    for (const live of this.#lives) await this.guard(live, () => live.letRunsIn());
  }

  async compare(when: string): Promise<void> {
    const active = this.#lives.filter(({ problem }) => problem === null);
    if (active.length === 0) return;
    const dagIds = active.map(({ dagId }) => dagId);
    const [names, paused] = await Promise.all([this.#harness.listRuns(dagIds), this.#harness.listPausedDags()]);
    for (const live of active) live.nameRuns(names.get(live.dagId) ?? []);
    const seen = await this.#harness.look(active.flatMap(({ dagRunIds }) => dagRunIds));
    for (const live of active) await this.guard(live, () => live.compare(seen, paused.has(live.dagId)));
    for (const live of active) if (live.problem !== null) live.problem = `after ${when} of round ${this.#round}: ${live.problem}`;
  }

  /** In every fourth round what is dispatched stays queued until the next one. */
  async dispatch(round: number): Promise<void> {
    this.#round = round;
    const byDag = new Map(this.#lives.map((live) => [live.dagId, live]));
    for (const command of await this.#harness.takeReady()) {
      const live = byDag.get(command.dagId)!;
      await this.guard(live, () => live.noteTaken(command));
    }
    for (const live of this.active) await this.guard(live, () => checkNothingStarves(live));
    if (round % 4 !== 3) await this.#start();
    await this.compare("dispatch");
  }

  async #start(): Promise<void> {
    const waiting = this.#lives.flatMap((live) => live.waitingAttempts());
    const { granted, refused } = await this.#harness.start(waiting);
    const grants = Map.groupBy(granted, ({ context }) => context.dagId);
    for (const live of this.#lives) {
      const own = new Set(live.attempts.map(({ attemptId }) => attemptId));
      await this.guard(live, () =>
        live.noteStarted(
          grants.get(live.dagId) ?? [],
          refused.filter((id) => own.has(id)),
        ),
      );
    }
  }

  /** What people do goes first, case by case; then attempts end, those of all cases together. */
  async act(round: number): Promise<void> {
    const stepOf = ({ source }: LiveCase): Step => source.history[round] ?? DRAIN;
    for (const live of this.active) {
      const isDraining = round >= live.source.history.length;
      await this.guard(live, () => live.act(this.#harness, isDraining && live.isPaused ? { ...DRAIN, kind: "unpause" } : stepOf(live)));
    }
    await this.#harness.fireTimers();
    await this.letRunsIn();
    await this.#harness.fireTimers();
    await this.compare("what people did");
    await this.#endAttempts(stepOf);
    await this.#harness.fireTimers();
    await this.letRunsIn();
    await this.#harness.fireTimers();
    await this.compare("the ends of attempts");
  }

  async #endAttempts(stepOf: (live: LiveCase) => Step): Promise<void> {
    const picked = this.active.flatMap((live) => live.pickEnds(stepOf(live)).map((end) => ({ live, ...end })));
    const lost = picked.filter(({ isLost }) => isLost);
    const reported = picked.filter(({ isLost }) => !isLost);
    const accepted = await this.#harness.finish(
      reported.map(({ attempt, outcome }) => ({ attemptId: attempt.attemptId, outcome: toTaskOutcome(outcome) })),
    );
    for (const [index, { live, attempt, outcome }] of reported.entries()) {
      await this.guard(live, () => live.noteEnded(attempt, outcome, accepted[index]!));
    }
    for (const live of this.#lives) await this.guard(live, () => live.settle());
    await this.#harness.lose(lost.map(({ attempt }) => attempt.attemptId));
    for (const { live, attempt, outcome } of lost) await this.guard(live, () => live.noteEnded(attempt, outcome, null));
    for (const live of this.#lives) await this.guard(live, () => live.settle());
    await this.#reportAgain(picked.filter(({ live }) => (stepOf(live).flags & 1) === 1));
  }

  /** A report that comes a second time, or after its runner was given up, changes nothing, whatever it says. */
  async #reportAgain(ended: readonly { attempt: LiveAttempt; outcome: Outcome }[]): Promise<void> {
    const failed: TaskOutcome = { kind: "failed", failure: { reason: "error", message: "again" }, retryable: true };
    const opposites = ended.map(({ attempt, outcome }) => ({
      attemptId: attempt.attemptId,
      outcome: outcome.kind === "success" ? failed : ({ kind: "success" } as const),
    }));
    await this.#harness.finish(opposites);
  }

  /** In every third round every delay passes. */
  async passTime(round: number): Promise<void> {
    if (round % 3 !== 2) return;
    this.#harness.passTime(LONG_MS);
    await this.#harness.timeOutRuns();
    await this.#harness.fireTimers();
    for (const live of this.#lives) await this.guard(live, () => live.passTime(LONG_MS));
    await this.letRunsIn();
    await this.#harness.fireTimers();
    await this.compare("time passed");
  }
}
