import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import { EngineHarness } from "../engine-harness.ts";
import { DAY_MS, FIRST_DATE, type End, type RecordedAnswer, type RunCase } from "./run-cases.ts";

interface Live {
  runCase: RunCase;
  dagRunIds: number[];
  /** What runs, by run. */
  running: AttemptGrant[][];
}

/**
 * What the real engine makes of recorded cases, on a database of its own: all cases side by side, in waves. Of the runs of one case the oldest that has something
 * running goes on, as in the recording.
 */
export async function answerByEngine(cases: readonly RunCase[]): Promise<RecordedAnswer[][]> {
  const longest = Math.max(...cases.map(({ runs }) => runs.length));
  await using harness = await EngineHarness.start(new Date(Date.parse(FIRST_DATE) + longest * DAY_MS));
  const lives: Live[] = [];
  for (const runCase of cases) lives.push(await begin(harness, runCase));
  const byDag = new Map(lives.map((live) => [live.runCase.spec.dagId, live]));
  for (;;) {
    for (const grant of await harness.startReady()) {
      const live = byDag.get(grant.context.dagId)!;
      live.running[indexOfRun(live, grant)]!.push(grant);
    }
    const ends = lives.flatMap(nextEnds);
    if (ends.length === 0) break;
    await harness.finish(ends);
    await harness.fireTimers();
  }
  // Awaited here: the harness is gone when this function has returned.
  return await answersOf(harness, lives);
}

async function begin(harness: EngineHarness, runCase: RunCase): Promise<Live> {
  await harness.storeDag(runCase.spec);
  const dagRunIds = await harness.createRuns(runCase.spec);
  if (dagRunIds.length !== runCase.runs.length) throw new Error(`${runCase.name}: ${dagRunIds.length} runs were made, not ${runCase.runs.length}.`);
  return { runCase, dagRunIds, running: dagRunIds.map(() => []) };
}

function indexOfRun({ runCase }: Live, { context }: AttemptGrant): number {
  if (runCase.runs.length === 1) return 0;
  return Math.round((Date.parse(context.logicalDate!) - Date.parse(FIRST_DATE)) / DAY_MS);
}

function nextEnds({ runCase, running }: Live): { attemptId: string; outcome: TaskOutcome }[] {
  const index = running.findIndex((grants) => grants.length > 0);
  if (index < 0) return [];
  return running[index]!.splice(0).map(({ attemptId, context }) => ({
    attemptId,
    outcome: outcomeOf(runCase.runs[index]!.ends(context.taskId, context.mapIndex)),
  }));
}

function outcomeOf(end: End): TaskOutcome {
  if (end === "success") return { kind: "success" };
  if (end === "skipped") return { kind: "skipped", reason: "recorded" };
  return { kind: "failed", failure: { reason: "error", message: "recorded" }, retryable: true };
}

async function answersOf(harness: EngineHarness, lives: readonly Live[]): Promise<RecordedAnswer[][]> {
  const seen = await harness.look(lives.flatMap(({ dagRunIds }) => dagRunIds));
  return lives.map(({ dagRunIds }) =>
    dagRunIds.map((id) => {
      const { state, states } = seen.get(id)!;
      return { run: state, tasks: states };
    }),
  );
}
