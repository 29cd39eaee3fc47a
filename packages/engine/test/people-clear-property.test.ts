import { compileDag, type DagSpec, isTerminal, type MaybeState, type TaskSpec, TRIGGER_RULES, recountUpstreams } from "@tradewind/core";
import { useTestDatabase } from "@tradewind/metadata/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import {
  type Behaviour,
  countAlive,
  dagSpec,
  drain,
  failure,
  instancesOf,
  ok,
  runStateOf,
  startEngine,
  statesOf,
  storeDags,
  task,
  trigger,
} from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

type Outcome = "success" | "failed" | "skipped";

interface Case {
  tasks: TaskSpec[];
  /** Of each task in the first run. */
  outcomes: Outcome[];
  /** Of each task: whether it is cleared although it would not have to be. */
  alsoCleared: boolean[];
}

const RULES = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");
/** Rules that may let a task go before all above it have ended. Next to branches the outcome would depend on who is first, in a fresh run as in a cleared one. */
const EAGER_RULES: readonly string[] = ["one_success", "one_failed", "one_done", "always"];

/** Tasks t0, t1, … each below some of those before it: with all rules; or with those that wait, and branches and short circuits that decide about their direct children. */
const cases: fc.Arbitrary<Case> = fc.tuple(fc.integer({ min: 2, max: 8 }), fc.boolean()).chain(([size, hasBranches]) => {
  const rules = RULES.filter((rule) => !hasBranches || !EAGER_RULES.includes(rule));
  const kinds = ["task", "task", "task", "empty", ...(hasBranches ? (["branch", "short_circuit"] as const) : [])] as const;
  const oneTask = (index: number): fc.Arbitrary<TaskSpec> =>
    fc
      .record({
        upstream: fc.subarray(Array.from({ length: index }, (_, above) => `t${above}`)),
        triggerRule: fc.oneof({ weight: 2, arbitrary: fc.constant("all_success" as const) }, { weight: 3, arbitrary: fc.constantFrom(...rules) }),
        kind: fc.constantFrom(...kinds),
        respectDownstreamRules: fc.constant(true),
      })
      .map((fields) => task(`t${index}`, fields));
  return fc.record({
    tasks: fc.tuple(...Array.from({ length: size }, (_, index) => oneTask(index))),
    outcomes: fc.array(fc.constantFrom<Outcome>("success", "success", "failed", "skipped"), { minLength: size, maxLength: size }),
    alsoCleared: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
  });
});

/** A branch follows its first child; a short circuit with an even number lets go on. Always the same, so that runs can be compared. */
function behaviourOf(spec: DagSpec, outcomeOf: (taskId: string) => Outcome): Behaviour {
  const graph = compileDag(spec);
  return ({ context: { taskId } }) => {
    const outcome = outcomeOf(taskId);
    if (outcome === "failed") return failure({ retryable: false });
    if (outcome === "skipped") return { kind: "skipped", reason: "by the test" };
    const node = graph.tasks.get(taskId)!;
    if (node.spec.kind === "branch") return ok(node.downstream.slice(0, 1));
    return ok(node.spec.kind === "short_circuit" ? Number(taskId.slice(1)) % 2 === 0 : undefined);
  };
}

/** What is kept by adding up is what counting gives. */
async function expectConsistent(spec: DagSpec, dagRunId: number): Promise<void> {
  const instances = await instancesOf(database.db, dagRunId);
  const counts = recountUpstreams(compileDag(spec), instances);
  for (const instance of instances)
    expect({ taskId: instance.taskId, ...instance.counts }).toEqual({ taskId: instance.taskId, ...counts.get(instance) });
  const isLive = (state: MaybeState): boolean => state !== null && !isTerminal(state);
  const run = await runStateOf(database.db, dagRunId);
  expect(run).toMatchObject({
    unfinished: instances.filter(({ state }) => !isTerminal(state)).length,
    live: instances.filter(({ state }) => isLive(state)).length,
  });
  expect((await countAlive(database.db)).queue).toBe(instances.filter(({ state }) => state === "scheduled").length);
}

async function finishRun(spec: DagSpec, dagRunId: number, behave: Behaviour): Promise<Record<string, MaybeState>> {
  await engine.startQueuedRuns({ limit: 10 });
  await expectConsistent(spec, dagRunId);
  await drain(engine, behave);
  await expectConsistent(spec, dagRunId);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ unfinished: 0, state: expect.stringMatching(/success|failed/) });
  return statesOf(database.db, dagRunId);
}

let number = 0;

test("clear what did not end well, and anything else; when all then succeeds, the run is as a fresh one in which all succeeded", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ tasks, outcomes, alsoCleared }) => {
      const spec = dagSpec(`random_${(number += 1)}`, tasks);
      await storeDags(engine, spec);
      const allSucceeds = behaviourOf(spec, () => "success");
      const fresh = await finishRun(spec, (await trigger(engine, spec.dagId)).dagRunId, allSucceeds);

      const { dagRunId, runId } = await trigger(engine, spec.dagId);
      const first = await finishRun(
        spec,
        dagRunId,
        behaviourOf(spec, (taskId) => outcomes[Number(taskId.slice(1))]!),
      );
      const taskIds = tasks.map(({ taskId }) => taskId).filter((taskId, index) => alsoCleared[index] || first[taskId] !== fresh[taskId]);
      await engine.clearTaskInstances({
        ...{ dagId: spec.dagId, runId, taskIds, dryRun: false, actor: { name: "test" }, onlyFailed: false, onlyRunning: false, resetDagRuns: true },
        ...{
          includeUpstream: false,
          includeDownstream: false,
          includeFuture: false,
          includePast: false,
          runOnLatestVersion: false,
          preventRunningTask: false,
        },
      });
      await expectConsistent(spec, dagRunId);
      expect(await finishRun(spec, dagRunId, allSucceeds)).toEqual(fresh);
    }),
    { numRuns: 40 },
  );
});
