import { compileDag, hasErrorCode, recountUpstreams } from "@tradewind/core";
import { useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, drain, failure, instancesOf, ok, runStateOf, SCHEDULER, startEngine, storeDags, trigger } from "./fixture.ts";
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
const engines: Engine[] = [];
beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) engines.push(await startEngine(database));
  for (const hostId of ["first", "second"]) {
    await engines[0]!.registerHost({ hostId, executor: "local", hostname: "box", pid: 1, version: "1", slots: 16, queues: null });
  }
});
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

/** The same sequence for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const spec = dagSpec(
  "crowded",
  tasksOf(["a", "b", "c < a, b", "d < c", "e < c", "f < d, e", "g < a", "h < f, g"], { d: { retries: 2, retryDelayMs: 0 } }),
  {
    maxActiveTasks: 3,
  },
);
const TASKS = spec.tasks.map((task) => task.taskId);

/** Does whatever is ready, and now and then lets it fail, until it is told to stop. */
async function run(engine: Engine, hostId: string, random: (below: number) => number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await engine.startQueuedRuns({ limit: 10 });
    await engine.fireTimers({ limit: 100 });
    const { commands } = await engine.dispatch({ schedulerId: SCHEDULER, parallelism: 100, executors: [{ name: "local", free: null }], limit: 4 });
    const starts = commands.map((command) => command.attemptId);
    const { granted } = await engine.exchange({ hostId, starts, finishes: [], want: 0, queues: null });
    const finishes = granted.map(({ attemptId }) => ({ attemptId, outcome: random(5) === 0 ? failure() : ok(), durationMs: 1 }));
    if (finishes.length > 0) await engine.exchange({ hostId, starts: [], finishes, want: 0, queues: null });
  }
}

async function changeSomething(engine: Engine, runIds: readonly string[], random: (below: number) => number): Promise<void> {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const place = { dagId: spec.dagId, runId: pick(runIds), actor: { name: "ada" } };
  const wide = { includeUpstream: random(3) === 0, includeDownstream: random(2) === 0, includeFuture: false, includePast: false, dryRun: false };
  switch (random(8)) {
    case 0:
      return engine.setDagRunState({ ...place, state: pick(["success", "failed", "queued"] as const) });
    case 1:
      return engine.setPaused({ ...place, isPaused: random(2) === 0 });
    case 2:
    case 3:
      await engine.setTaskInstanceState({ ...place, ...wide, taskId: pick(TASKS), state: pick(["success", "failed", "skipped"] as const) });
      return;
    default:
      await engine.clearTaskInstances({
        ...{ ...place, ...wide, taskIds: [pick(TASKS)], onlyFailed: false, onlyRunning: false, resetDagRuns: true },
        ...{ runOnLatestVersion: false, preventRunningTask: random(4) === 0 },
      });
  }
}

test("people who clear, mark and pause while two runners work leave everything counted right and nothing behind", async () => {
  const [one, two, people] = engines as [Engine, Engine, Engine];
  await storeDags(one, spec);
  const runs = await Promise.all([1, 2, 3].map(() => trigger(one, spec.dagId)));
  let isOver = false;
  const runners = [run(one, "first", randomFrom(1), () => isOver), run(two, "second", randomFrom(2), () => isOver)];
  const random = randomFrom(3);
  const runIds = runs.map(({ runId }) => runId);
  try {
    for (let action = 0; action < 120; action += 1) {
      // Two at a time, so that they meet each other as well.
      const both = await Promise.allSettled([changeSomething(people, runIds, random), changeSomething(one, runIds, random)]);
      for (const answer of both) if (answer.status === "rejected" && !hasErrorCode(answer.reason, "conflict")) throw answer.reason;
    }
  } finally {
    isOver = true;
    await Promise.all(runners);
  }
  await people.setPaused({ dagId: spec.dagId, isPaused: false, actor: { name: "ada" } });
  await expect
    .poll(
      async () => {
        await one.startQueuedRuns({ limit: 10 });
        await one.fireTimers({ limit: 100 });
        await drain(one, () => ok(), { hostId: "first" });
        return Promise.all(runs.map(async ({ dagRunId }) => (await runStateOf(database.db, dagRunId)).unfinished));
      },
      { timeout: 20_000 },
    )
    .toEqual([0, 0, 0]);
  expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  const graph = compileDag(spec);
  for (const { dagRunId } of runs) {
    const instances = await instancesOf(database.db, dagRunId);
    const counts = recountUpstreams(graph, instances);
    for (const instance of instances) expect(instance.counts).toEqual(counts.get(instance));
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ live: 0, state: expect.stringMatching(/success|failed/) });
  }
});
