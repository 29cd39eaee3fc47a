import type { TriggerRule } from "../dag-spec.ts";
import type { TaskInstanceState } from "../states.ts";
import { countUpstreams, evaluateTriggerRule } from "../trigger-rule.ts";
import type { VectorSuite } from "./suite.ts";

interface TriggerRuleCase {
  rule: TriggerRule;
  upstream: TaskInstanceState[];
  /** `run`, `wait`, or the state that the task gets at once. */
  verdict: string;
}

/** Every trigger rule over every multiset of one to three upstream states. */
export const triggerRulesSuite: VectorSuite = {
  file: "trigger-rules.jsonl",
  run(vectorCase) {
    const { rule, upstream, verdict: expected } = vectorCase as TriggerRuleCase;
    const verdict = evaluateTriggerRule({ rule, counts: countUpstreams(upstream), mapIndex: -1 });
    const got = verdict.verdict === "set" ? verdict.state : verdict.verdict === "ready" ? "run" : "wait";
    return { got, expected, pass: got === expected };
  },
};
