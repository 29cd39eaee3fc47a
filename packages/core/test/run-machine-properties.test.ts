import fc from "fast-check";
import { expect, it } from "vitest";
import type { DagGraph } from "../src/dag-graph.ts";
import { listDescendants } from "../src/dag-graph.ts";
import { TRIGGER_RULES, type TriggerRule } from "../src/dag-spec.ts";
import {
  createRunMachine,
  endInstance,
  listCleared,
  recount,
  recountUpstreams,
  resetBranchDecisions,
  resetGroupTries,
  resetInstance,
  type RunInstance,
  type RunMachine,
  startRun,
  supersede,
} from "../src/run-machine/index.ts";
import { isFinishedDagRun, isTerminal } from "../src/state-transitions.ts";
import { LazyRun } from "./lazy-run.ts";
import { Dice, endOf, randomDag } from "./random-dag.ts";

const ALL_RULES = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");
const ENDS = ["success", "success", "success", "failed", "skipped"];

/** `all_skipped` waits for ever for an upstream that was removed, as Airflow's does: such runs deadlock. */
const ENDING_RULES = ALL_RULES.filter((rule) => rule !== "all_skipped");

/** With these rules and ends the states at the end do not depend on the order: nothing is skipped, so that a failure and a skip never race. */
const RULES_WITHOUT_RACES: TriggerRule[] = ["all_success", "all_done", "none_failed"];

const runs = Number(process.env["TRADEWIND_PROPERTY_RUNS"] ?? 300);
const TIMEOUT_MS = 600_000;
const cases = fc.record({ seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }), blocks: fc.integer({ min: 1, max: 6 }) });

function statesOf(instances: Iterable<RunInstance>): Record<string, string> {
  const entries = [...instances].map((one) => [`${one.taskId}[${one.mapIndex}]`, `${one.state} try ${one.tryNumber}`] as const);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** What is kept by adding up is what counting gives. */
function expectConsistent(graph: DagGraph, run: { unfinishedCount: number; liveCount: number }, instances: RunInstance[]): void {
  for (const [instance, counts] of recountUpstreams(graph, instances)) {
    expect({ task: instance.taskId, index: instance.mapIndex, ...instance.counts }).toEqual({
      task: instance.taskId,
      index: instance.mapIndex,
      ...counts,
    });
  }
  expect(run.unfinishedCount).toBe(instances.filter(({ state }) => !isTerminal(state)).length);
  expect(run.liveCount).toBe(instances.filter(({ state }) => state !== null && !isTerminal(state)).length);
}

/** Whatever is left to do is done. Returns false when it does not come to an end. */
function finish(machine: RunMachine, seed: number, ends: readonly string[]): boolean {
  for (let step = 0; step < 2_000; step++) {
    const [ready] = machine.listReady();
    const [timer] = machine.listTimers();
    if (ready !== undefined) machine.end(ready, endOf(machine.model.graph, seed, ready, { ends }));
    else if (timer !== undefined) machine.fire(timer);
    else return true;
  }
  return false;
}

it(
  "after any sequence of ends, retries and clears: counters equal a recount, and the run comes to its end",
  () => {
    fc.assert(
      fc.property(cases, ({ seed, blocks }) => {
        const dice = new Dice(seed);
        const graph = randomDag(dice, { blocks, rules: ENDING_RULES, branches: true, emptyLists: true });
        const machine = createRunMachine(graph);
        machine.start();
        for (let step = 0; step < 40; step++) {
          const ready = machine.listReady();
          const timers = machine.listTimers();
          if (dice.isLucky(12)) clearSome(machine, dice);
          else if (ready.length > 0 && !dice.isLucky(5)) {
            const picked = dice.some(ready, 3);
            machine.endAll(picked.map((instance) => ({ instance, end: endOf(graph, seed, instance, { ends: ENDS }) })));
          } else if (timers.length > 0) machine.fire(dice.pick(timers));
          if (machine.run.state === "queued") machine.start();
          expectConsistent(graph, machine.run, machine.instances);
        }
        expect(finish(machine, seed, ENDS)).toBe(true);
        expectConsistent(graph, machine.run, machine.instances);
        expect(machine.run).toMatchObject({ state: expect.stringMatching(/success|failed/), unfinishedCount: 0 });
        expect(machine.stateReason).not.toBe("all_tasks_deadlocked");
      }),
      { numRuns: runs },
    );
  },
  TIMEOUT_MS,
);

function clearSome(machine: RunMachine, dice: Dice): void {
  const { graph } = machine.model;
  const task = dice.pick([...graph.tasks.keys()]);
  const selected = dice.isLucky(2) ? new Set([task]) : new Set([task, ...listDescendants(graph, [task])]);
  machine.clear(machine.instances.filter((instance) => selected.has(instance.taskId)));
}

it(
  "the order of execution makes no difference where no rule races",
  () => {
    fc.assert(
      fc.property(cases, ({ seed, blocks }) => {
        const graph = randomDag(new Dice(seed), { blocks, rules: RULES_WITHOUT_RACES, branches: false, emptyLists: false });
        const outcomes = [1, 2, 3].map((order) => {
          const machine = createRunMachine(graph);
          const dice = new Dice(seed + order);
          machine.start();
          for (let step = 0; step < 2_000; step++) {
            const doable = [...machine.listReady(), ...machine.listTimers()];
            if (doable.length === 0) break;
            const one = dice.pick(doable);
            if ("kind" in one) machine.fire(one);
            else machine.end(one, endOf(graph, seed, one, { ends: ["success", "success", "failed"], emptyLists: false }));
          }
          return { run: machine.run.state, states: statesOf(machine.instances) };
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
      { numRuns: runs },
    );
  },
  TIMEOUT_MS,
);

it(
  "a run of which only what the machine asks for is in memory goes the same way as one that is there whole",
  () => {
    fc.assert(
      fc.property(cases, ({ seed, blocks }) => {
        const dice = new Dice(seed);
        const graph = randomDag(dice, { blocks, rules: ALL_RULES, branches: true, emptyLists: true });
        const machine = createRunMachine(graph);
        const lazy = new LazyRun(graph, { ...machine.run, unfinishedCount: 0 });
        const both = (whole: () => void, partly: () => void): void => {
          whole();
          partly();
          expect({ run: lazy.run.state, ...statesOf(lazy.rows.values()) }).toEqual({ run: machine.run.state, ...statesOf(machine.instances) });
          expectConsistent(graph, lazy.run, [...lazy.rows.values()]);
        };
        both(
          () => machine.start(),
          () => lazy.change(null, (model) => startRun(model)),
        );
        for (let step = 0; step < 60; step++) {
          const ready = machine.listReady();
          const timers = machine.listTimers();
          if (ready.length > 0 && !dice.isLucky(4)) endBoth(dice.some(ready, 3));
          else if (timers.length > 0) fireBoth(dice.pick(timers));
          else if (dice.isLucky(6)) clearBoth();
        }

        function endBoth(picked: RunInstance[]): void {
          const ends = picked.map((instance) => ({
            taskId: instance.taskId,
            mapIndex: instance.mapIndex,
            instance,
            end: endOf(graph, seed, instance, { ends: ENDS }),
          }));
          both(
            () => machine.endAll(ends),
            () => {
              for (const { taskId, mapIndex, end } of ends) if (end.kind === "success") lazy.setXCom(taskId, mapIndex, end.result);
              const rows = ends.map(({ taskId, mapIndex }) => lazy.find(taskId, mapIndex));
              lazy.change(rows, (model, instances) => {
                for (const [index, instance] of instances.entries()) endInstance(model, instance, ends[index]!.end);
              });
              for (const { taskId, mapIndex } of ends) if (lazy.find(taskId, mapIndex).state !== "success") lazy.deleteXComs(taskId, mapIndex);
            },
          );
        }

        function fireBoth(timer: ReturnType<RunMachine["listTimers"]>[number]): void {
          const { instance, groupId } = timer;
          const place = instance && { taskId: instance.taskId, mapIndex: instance.mapIndex };
          both(
            () => machine.fire(timer),
            () => {
              const rows = place === null ? [] : [lazy.find(place.taskId, place.mapIndex)];
              lazy.change(rows, (model, [row]) => {
                if (row !== undefined) model.due.add(row);
                if (groupId !== null) model.dueGroups.add(groupId);
              });
            },
          );
        }

        function clearBoth(): void {
          const task = dice.pick([...graph.tasks.keys()]);
          const selected = new Set([task, ...listDescendants(graph, [task])]);
          const isFinished = isFinishedDagRun(machine.run.state);
          both(
            () => {
              machine.clear(machine.instances.filter((instance) => selected.has(instance.taskId)));
              if (machine.run.state === "queued") machine.start();
            },
            () =>
              lazy.change(null, (model) => {
                const targets = listCleared(
                  model,
                  [...model.instances.values()].filter((instance) => selected.has(instance.taskId)),
                );
                for (const instance of targets.superseded) supersede(model, instance);
                for (const instance of targets.instances) {
                  resetInstance(model, instance, null);
                  lazy.deleteXComs(instance.taskId, instance.mapIndex);
                }
                model.groupTries = lazy.groupTries;
                resetGroupTries(model, targets.instances);
                resetBranchDecisions(model, targets.instances);
                recount(model);
                if (isFinished && targets.instances.length > 0) Object.assign(model.run, { state: "queued", startDate: null });
                if (model.run.state === "queued") startRun(model);
              }),
          );
        }
      }),
      { numRuns: runs },
    );
  },
  TIMEOUT_MS,
);
