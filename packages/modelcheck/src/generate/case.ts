import type { Json, TaskSpec } from "@tradewind/core";
import fc from "fast-check";
import { listFor } from "./build-dag.ts";
import { dagGenes, type DagGenes, type End, type Section } from "./dag-genes.ts";

/** Something that happens to a run between two looks at it. Numbers are taken modulo what there is. */
export interface Step {
  kind: "end_all" | "end_one" | "nothing" | "clear" | "mark" | "mark_run" | "pause" | "unpause" | "drain";
  pick: number;
  flags: number;
}

/** A DAG and what happens to its runs. */
export interface Case {
  dag: DagGenes;
  history: Step[];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Step["kind"]>("end_all") },
    { weight: 5, arbitrary: fc.constant<Step["kind"]>("end_one") },
    { weight: 3, arbitrary: fc.constant<Step["kind"]>("clear") },
    { weight: 1, arbitrary: fc.constantFrom<Step["kind"]>("nothing", "mark", "mark_run", "pause", "unpause", "drain") },
  ),
  pick: fc.nat(30),
  flags: fc.nat(2 ** 15 - 1),
});

export const cases: fc.Arbitrary<Case> = fc.record({ dag: dagGenes, history: fc.array(step, { maxLength: 10 }) });

/** How an instance ends. The same for engine and model, whenever it is asked. */
export function endOf(section: Section, task: TaskSpec, mapIndex: number, tryNumber: number): End {
  if (task.isTeardown || task.kind === "loop_gate") return section.ends.at(-1)!;
  return section.ends[(tryNumber - 1 + Math.max(0, mapIndex) + task.taskId.length) % section.ends.length]!;
}

/** What an instance returns when it succeeds. */
export function resultOf(section: Section, task: TaskSpec, children: readonly string[], mapIndex: number, tryNumber: number): Json | undefined {
  if (task.kind === "branch") return children.filter((_, index) => ((section.flags + tryNumber) & (1 << (index % 4))) !== 0);
  if (task.kind === "short_circuit") return (section.flags + tryNumber) % 2 === 0;
  if (task.kind === "loop_gate") return mapIndex >= section.flags % 3;
  if (!task.taskId.endsWith("_list")) return undefined;
  const members = listFor(section.shape, task.mapping === null ? section.lengths[(tryNumber - 1) % section.lengths.length]! : mapIndex + 1);
  return task.mapping === null ? members : members.at(-1);
}
