import { canonicalJson } from "../canonical-json.ts";
import { createRunMachine, type RunMachine } from "../run-machine/machine.ts";
import { NO_PAST, type PastFacts } from "../run-machine/past.ts";
import { nameOf, type RecordedEnd, recordedGraph, type RecordedTask } from "./recorded-runs.ts";
import { EXECUTION_ORDERS, runToEnd } from "./runs.ts";
import type { VectorSuite } from "./suite.ts";

interface DependsOnPastCase {
  tasks: Omit<RecordedTask, "outcome">[];
  /** How each task ends in each run, if it runs there. */
  runs: Record<string, RecordedEnd>[];
  /** When nothing moves any more; null: never became ready. */
  expect: { run: string; tasks: Record<string, string | null> }[];
}

/** Consecutive runs of a DAG with catchup, all created at once. */
export const dependsOnPastSuite: VectorSuite = {
  file: "depends-on-past.jsonl",
  run(vectorCase) {
    const recorded = vectorCase as DependsOnPastCase;
    const got = play(recorded);
    return { got, expected: recorded.expect, pass: canonicalJson(got) === canonicalJson(recorded.expect) };
  },
};

function play({ tasks, runs }: DependsOnPastCase): DependsOnPastCase["expect"] {
  const graph = recordedGraph(tasks);
  const machines: RunMachine[] = [];
  for (const index of runs.keys()) {
    machines.push(
      createRunMachine(graph, {
        run: { runType: "scheduled", logicalDate: new Date(index * 86_400_000) },
        pastOf: (taskId) => pastOf(machines[index - 1], taskId),
      }),
    );
  }
  for (const machine of machines) machine.start();
  for (let moved = true; moved;) {
    moved = false;
    for (const [index, machine] of machines.entries()) {
      machine.reconsiderPast();
      const ran = runToEnd(machine, EXECUTION_ORDERS["in waves"]!, (instance) => runs[index]![instance.taskId]!);
      moved ||= ran.length > 0;
    }
  }
  return machines.map((machine) => ({ run: machine.run.state, tasks: Object.fromEntries(machine.instances.map((one) => [nameOf(one), one.state])) }));
}

function pastOf(previous: RunMachine | undefined, taskId: string): PastFacts {
  if (previous === undefined) return NO_PAST;
  const statesOf = (id: string) => previous.instances.filter((instance) => instance.taskId === id).map((instance) => instance.state);
  const states = statesOf(taskId);
  const below = previous.model.graph.tasks.get(taskId)!.downstream;
  return {
    previous: { hasTask: states.length > 0, states, downstreamStates: below.flatMap(statesOf), isBeforeStartDate: false },
    hasRunBefore: true,
  };
}
