import { canonicalJson } from "../canonical-json.ts";
import { createRunMachine, type RunMachine } from "../run-machine/machine.ts";
import type { AttemptEnd } from "../run-machine/attempt-end.ts";
import type { RunInstance } from "../run-machine/run-model.ts";
import { endOf, nameOf, type RecordedEnd, recordedGraph, type RecordedRunCase } from "./recorded-runs.ts";
import type { VectorSuite } from "./suite.ts";

/** Which of the ready instances run next. The recording kept only cases in which it makes no difference. */
export type ExecutionOrder = (ready: readonly RunInstance[]) => RunInstance[];

export const EXECUTION_ORDERS: Record<string, ExecutionOrder> = {
  "in waves": (ready) => [...ready],
  "always the first": (ready) => ready.slice(0, 1),
  "always the last": (ready) => ready.slice(-1),
};

/** Whole runs of random graphs: rules, literal mapping, setups and teardowns. */
export const runsSuite: VectorSuite = { file: "runs.jsonl", run: runCase };

/** Runs in which a group is mapped over a literal list. */
export const mappedGroupsSuite: VectorSuite = { file: "mapped-groups.jsonl", run: runCase };

function runCase(vectorCase: unknown) {
  const recorded = vectorCase as RecordedRunCase;
  const expected = { ...recorded.expect, ran: recorded.expect.ran.toSorted() };
  const answers = Object.values(EXECUTION_ORDERS).map((order) => play(recorded, order));
  const got = answers.find((answer) => canonicalJson(answer) !== canonicalJson(expected)) ?? answers[0]!;
  return { got, expected, pass: canonicalJson(got) === canonicalJson(expected) };
}

function play({ tasks, groups }: RecordedRunCase, order: ExecutionOrder): RecordedRunCase["expect"] {
  const machine = createRunMachine(recordedGraph(tasks, groups));
  const outcomes = new Map(tasks.map((task) => [task.id, task.outcome]));
  machine.start();
  const ran = runToEnd(machine, order, (instance) => endOf(outcomes.get(instance.taskId)!, instance.mapIndex));
  return { run: machine.run.state, tasks: Object.fromEntries(machine.instances.map((one) => [nameOf(one), String(one.state)])), ran: ran.toSorted() };
}

/** Runs what is ready until nothing is. Gives what ran, by name. */
export function runToEnd(machine: RunMachine, order: ExecutionOrder, endOfInstance: (instance: RunInstance) => RecordedEnd): string[] {
  const ran: string[] = [];
  for (let ready = machine.listReady(); ready.length > 0; ready = machine.listReady()) {
    const picked = order(ready);
    for (const instance of picked) machine.begin(instance);
    ran.push(...picked.map(nameOf));
    machine.endAll(picked.map((instance) => ({ instance, end: toEnd(endOfInstance(instance)) })));
  }
  return ran;
}

function toEnd(end: RecordedEnd): AttemptEnd {
  if (end === "success") return { kind: "success" };
  return end === "failed" ? { kind: "failed", message: "as recorded" } : { kind: "skipped", reason: "as recorded" };
}
