import { canonicalJson } from "../canonical-json.ts";
import { compileDag } from "../dag-graph.ts";
import type { WeightRule } from "../dag-spec.ts";
import { dagSpec, taskSpec } from "../plain-spec.ts";
import type { VectorSuite } from "./suite.ts";

interface PriorityWeightCase {
  tasks: { id: string; upstream?: string[]; priorityWeight: number; weightRule: WeightRule }[];
  expect: Record<string, number>;
}

/** Effective priority weights of random graphs. */
export const priorityWeightsSuite: VectorSuite = {
  file: "priority-weights.jsonl",
  run(vectorCase) {
    const { tasks, expect } = vectorCase as PriorityWeightCase;
    const list = tasks.map(({ id, upstream = [], priorityWeight, weightRule }) =>
      taskSpec(id, { upstream: upstream.toSorted(), priorityWeight, weightRule }),
    );
    const graph = compileDag(dagSpec({ tasks: list }));
    const got = Object.fromEntries([...graph.tasks.values()].map((node) => [node.taskId, node.effectivePriorityWeight]));
    return { got, expected: expect, pass: canonicalJson(got) === canonicalJson(expect) };
  },
};
