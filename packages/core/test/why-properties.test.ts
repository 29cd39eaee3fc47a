import fc from "fast-check";
import { expect, it } from "vitest";
import { TRIGGER_RULES } from "../src/dag-spec.ts";
import { type DispatchCandidate, listBlockingLimits, planDispatch, type PoolLimit } from "../src/limits.ts";
import { createRunMachine, type RunMachine } from "../src/run-machine/index.ts";
import { isTerminal } from "../src/state-transitions.ts";
import { type Cause, explainDagRun, explainTaskInstance, listWhyNeeds, type WhyCode } from "../src/why/index.ts";
import { Dice, endOf, randomDag } from "./random-dag.ts";
import { factsOf } from "./why-facts.ts";

const runs = Number(process.env["TRADEWIND_PROPERTY_RUNS"] ?? 200);
const cases = fc.record({ seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }), blocks: fc.integer({ min: 1, max: 6 }) });
const ENDS = ["success", "success", "success", "failed", "skipped"];

/** What can be said of an instance that waits for something else of its run, or for its own time. */
const WAITS: readonly WhyCode[] = ["upstreams", "setups", "group_not_final", "group_retry", "mapped_list_missing"];
const BY_STATE: Readonly<Record<string, readonly WhyCode[]>> = {
  scheduled: ["ready_for_dispatch"],
  up_for_retry: ["retry_delay"],
  up_for_reschedule: ["reschedule"],
  success: ["succeeded"],
  failed: ["failed"],
  upstream_failed: ["upstream_failed"],
  skipped: ["skipped", "branch_not_followed"],
  removed: ["removed"],
};

function allCauses(causes: readonly Cause[]): Cause[] {
  return causes.flatMap((cause) => [cause, ...allCauses(cause.because)]);
}

function checkAll(machine: RunMachine): void {
  const facts = factsOf(machine);
  expect(listWhyNeeds(machine.model)).toBeNull();
  for (const instance of machine.instances) {
    const { status, causes } = explainTaskInstance(facts, instance);
    const name = `${instance.taskId}[${instance.mapIndex}] ${instance.state}`;
    expect(causes, name).not.toEqual([]);
    const isOver = machine.run.state === "success" || machine.run.state === "failed";
    const expected = instance.state === null ? (isOver ? ["run_ended"] : WAITS) : BY_STATE[instance.state]!;
    expect(expected, name).toContain(causes[0]!.code);
    expect(status, name).toBe(isTerminal(instance.state) || (instance.state === null && isOver) ? "ended" : "waiting");
    for (const cause of allCauses(causes)) {
      expect(cause.sentence, name).toMatch(/^[A-Z"].*[.!?]$/su);
      if (WAITS.includes(cause.code))
        for (const { state } of cause.named) expect(isTerminal(state as never), `${name}: ${cause.sentence}`).toBe(false);
    }
    // What waits for something of its run is led to what the run is at: never to another thing that waits for something of its run.
    if (instance.state === null && !isOver) {
      for (const cause of causes[0]!.because) expect([...Object.values(BY_STATE).flat(), "group_retry"], name).toContain(cause.code);
      if (causes[0]!.code !== "group_retry") expect(causes[0]!.because, name).not.toEqual([]);
    }
  }
  expect(explainDagRun(facts).causes).not.toEqual([]);
}

it("whatever happens in a run, every instance has a cause that fits its state, and what waits is led to what holds it", () => {
  fc.assert(
    fc.property(cases, ({ seed, blocks }) => {
      const dice = new Dice(seed);
      const rules = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");
      const graph = randomDag(dice, { blocks, rules, branches: true, emptyLists: true });
      const machine = createRunMachine(graph);
      checkQueued(machine);
      machine.start();
      for (let step = 0; step < 25; step++) {
        checkAll(machine);
        const ready = machine.listReady();
        const timers = machine.listTimers();
        if (ready.length > 0 && !dice.isLucky(5)) {
          machine.endAll(dice.some(ready, 3).map((instance) => ({ instance, end: endOf(graph, seed, instance, { ends: ENDS }) })));
        } else if (timers.length > 0) machine.fire(dice.pick(timers));
      }
      checkAll(machine);
    }),
    { numRuns: runs },
  );
}, 600_000);

function checkQueued(machine: RunMachine): void {
  const facts = factsOf(machine);
  for (const instance of machine.instances.filter((one) => one.state === null)) {
    expect(explainTaskInstance(facts, instance).causes).toMatchObject([{ code: "run_queued", because: [{ code: "run_ready" }] }]);
  }
}

it("a candidate is blocked by a limit if and only if dispatch, asked about it alone, does not take it", () => {
  const small = fc.integer({ min: 0, max: 3 });
  const candidates = fc.record({
    pool: fc.constantFrom("p", "none"),
    poolSlots: fc.integer({ min: 1, max: 3 }),
    executor: fc.constantFrom("e", "none"),
  });
  const limits = fc.record({
    ...{ maxActiveTasks: small, maxActiveTisPerDag: fc.option(small), maxActiveTisPerDagrun: fc.option(small) },
    ...{ usedByRun: small, usedByTask: small, slots: fc.integer({ min: -1, max: 4 }), occupiedSlots: small, free: small },
  });
  fc.assert(
    fc.property(candidates, limits, (given, { usedByRun, usedByTask, slots, occupiedSlots, free, ...limit }) => {
      const candidate: DispatchCandidate = { id: 1, dagRunId: 7, dagId: "d", taskId: "t", ...given, ...limit };
      const used = new Map([
        ["run:7", usedByRun],
        ["task:d/t", usedByTask],
        ["runtask:7/t", Math.min(usedByRun, usedByTask)],
      ]);
      const pools = new Map<string, PoolLimit>([["p", { slots, includeDeferred: false, occupiedSlots, deferredSlots: 0 }]]);
      const executors = new Map([["e", free]]);
      const blocking = listBlockingLimits(candidate, { used, pools, executors });
      const plan = planDispatch({ candidates: [candidate], used, pools, executors, freeSlots: 1 });
      expect(plan.take).toEqual(blocking.length === 0 ? [1] : []);
      expect(plan.park.map(({ key, reason }) => ({ key, reason }))).toEqual(blocking.slice(0, 1));
    }),
  );
});
