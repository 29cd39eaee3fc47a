import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  compileDag,
  countRunOutcome,
  countUpstreams,
  type DagSpec,
  decideRunOutcome,
  evaluateTriggerRule,
  isTerminal,
  type MaybeState,
  TRIGGER_RULES,
} from "@tradewind/core";
import { useTestDatabase } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, dispatchOnce, failure, HOST, instancesOf, ok, runStateOf, startEngine, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

type End = "success" | "failed" | "skipped";

interface Case {
  spec: DagSpec;
  ends: Record<string, End>;
  order: number;
}

const rules = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");
let dags = 0;

const cases: fc.Arbitrary<Case> = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      rule: fc.constantFrom(...rules),
      end: fc.constantFrom<End>("success", "success", "failed", "skipped"),
      isEmpty: fc.boolean().map((value) => value),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .chain((nodes) => fc.record({ nodes: fc.constant(nodes), order: fc.nat() }))
  .map(({ nodes, order }) => {
    const tasks = nodes.map(({ parents, rule, isEmpty }, index) => {
      const upstream = index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))];
      return task(`t${index}`, { upstream, triggerRule: rule, kind: isEmpty && index % 3 === 0 ? "empty" : "task" });
    });
    const ends = Object.fromEntries(nodes.map(({ end }, index) => [`t${index}`, tasks[index]!.kind === "empty" ? "success" : end]));
    return { spec: dagSpec(`random_${dags++}`, tasks), ends, order };
  });

/** Airflow's way: everything is looked at again after each end, until nothing changes. */
class Reference {
  readonly states = new Map<string, MaybeState>();
  readonly #graph: ReturnType<typeof compileDag>;

  constructor(spec: DagSpec) {
    this.#graph = compileDag(spec);
    for (const { taskId } of spec.tasks) this.states.set(taskId, null);
    this.settle();
  }

  settle(): void {
    for (let changed = true; changed;) {
      changed = false;
      for (const node of this.#graph.tasks.values()) {
        if (this.states.get(node.taskId) !== null) continue;
        const counts = countUpstreams(node.upstream.map((id) => this.states.get(id)!));
        const verdict = evaluateTriggerRule({ rule: node.spec.triggerRule, counts, mapIndex: -1 });
        if (verdict.verdict === "wait") continue;
        changed = true;
        this.states.set(node.taskId, verdict.verdict === "set" ? verdict.state : node.spec.kind === "empty" ? "success" : "scheduled");
      }
    }
  }

  outcome(): string {
    const instances = [...this.states].map(([taskId, state]) => ({ taskId, state }));
    return decideRunOutcome(countRunOutcome(this.#graph, instances)).state;
  }
}

test(
  "random DAGs with random ends: the same states as when everything is looked at again, and counters as if counted anew, at every step",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ spec, ends, order }) => {
        await storeDags(engine, spec);
        const { dagRunId } = await trigger(engine, spec.dagId);
        const reference = new Reference(spec);
        const granted: { attemptId: string; taskId: string }[] = [];
        for (let step = 0; step < 30; step++) {
          await expectSame(spec, dagRunId, reference, new Set(granted.map((grant) => grant.taskId)));
          const answer = await engine.exchange({ hostId: HOST, starts: await dispatchOnce(engine), finishes: [], want: 0, queues: null });
          granted.push(...answer.granted.map((grant) => ({ attemptId: grant.attemptId, taskId: grant.context.taskId })));
          if (granted.length === 0) break;
          // One, or all that run, at a time: cascades of several at once are their own case.
          const picked = order % 2 === 0 ? granted.splice(order % granted.length, 1) : granted.splice(0);
          const finishes = picked.map(({ attemptId, taskId }) => ({
            attemptId,
            durationMs: 1,
            outcome: ends[taskId] === "success" ? ok() : ends[taskId] === "failed" ? failure() : ({ kind: "skipped", reason: "no need" } as const),
          }));
          await engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
          for (const { taskId } of picked) reference.states.set(taskId, ends[taskId]!);
          reference.settle();
        }
        expect((await runStateOf(database.db, dagRunId)).state).toBe(reference.outcome());
        expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
      }),
      { numRuns: Number(process.env["TRADEWIND_PROPERTY_RUNS"] ?? 60) },
    );
  },
);

async function expectSame(spec: DagSpec, dagRunId: number, reference: Reference, runningTasks: ReadonlySet<string>): Promise<void> {
  const instances = await instancesOf(database.db, dagRunId);
  const states = new Map(instances.map((instance) => [instance.taskId, instance.state]));
  const wanted = new Map(
    [...reference.states].map(([taskId, state]) => [taskId, state === "scheduled" && runningTasks.has(taskId) ? "running" : state]),
  );
  expect(Object.fromEntries(states)).toEqual(Object.fromEntries(wanted));
  for (const instance of instances) {
    const upstream = spec.tasks.find((one) => one.taskId === instance.taskId)!.upstream;
    expect(instance.counts).toEqual(countUpstreams(upstream.map((id) => states.get(id)!)));
  }
  const { unfinished, live } = await runStateOf(database.db, dagRunId);
  expect(unfinished).toBe([...states.values()].filter((state) => !isTerminal(state)).length);
  expect(live).toBe([...states.values()].filter((state) => state !== null && !isTerminal(state)).length);
}
