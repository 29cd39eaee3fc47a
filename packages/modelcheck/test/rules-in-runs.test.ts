import { compileDag, createRunMachine, type DagSpec, type TaskGroupSpec, type TaskSpec } from "@tradewind/core";
import { dagSpec, groupSpec, taskSpec } from "@tradewind/core/plain-spec";
import { describe, expect, test } from "vitest";
import { endAttempt } from "../src/model/changes.ts";
import { DagModel } from "../src/model/dag-model.ts";
import { nameOf, RunModel } from "../src/model/run-model.ts";

// Rules that are about more than the states of direct upstreams, one case each, quoted. The rules of the table itself, row by row, are in core (trigger-rule.test.ts), and in the recorded
// answers. Each case is put to the run machine and to the model, task by task in order of the DAG: `ends` says how what runs ends, the rest is what the rules make of it.

type End = "success" | "failed" | "skipped";

interface RuleCase {
  rule: string;
  /** "id < upstream, upstream" with further fields. */
  tasks: [line: string, fields?: Partial<TaskSpec>][];
  groups?: TaskGroupSpec[];
  failFast?: boolean;
  /** By name of the instance; what is missing succeeds. */
  ends?: Record<string, End>;
  /** What returns something. */
  results?: Record<string, boolean | string[] | number[]>;
  expected: Record<string, string | null>;
  run: "success" | "failed" | "running";
}

const over = (length: number) => ({
  kind: "expand" as const,
  order: ["x"],
  inputs: { x: { kind: "value" as const, value: Array.from({ length }, (_, index) => index) } },
});
const overResultOf = (taskId: string) => ({
  kind: "expand" as const,
  order: ["x"],
  inputs: { x: { kind: "xcom" as const, taskId, key: "return_value", path: [] } },
});
const teardown = (...setups: string[]): Partial<TaskSpec> => ({ isTeardown: true, setups, triggerRule: "all_done_setup_success" });

const SETUPS: RuleCase[] = [
  {
    rule: "all setups it is in the scope of, even indirect, must succeed: any failed -> upstream_failed, whatever its own rule",
    tasks: [
      ["s", { isSetup: true }],
      ["a < s", { triggerRule: "all_done" }],
      ["b < a", { triggerRule: "all_done" }],
      ["td < b, s", teardown("s")],
    ],
    ends: { s: "failed" },
    expected: { s: "failed", a: "success", b: "upstream_failed", td: "upstream_failed" },
    run: "failed",
  },
  {
    rule: "any skipped -> skipped",
    tasks: [["s", { isSetup: true }], ["a < s"], ["b < a", { triggerRule: "all_done" }], ["td < b, s", teardown("s")]],
    ends: { s: "skipped" },
    expected: { s: "skipped", a: "skipped", b: "skipped", td: "skipped" },
    run: "success",
  },
  {
    rule: "Teardown runs if >= 1 setup succeeded, even after work failed; its failure is ignored for the run's state",
    tasks: [["s1", { isSetup: true }], ["s2", { isSetup: true }], ["a < s1, s2"], ["td < a, s1, s2", teardown("s1", "s2")], ["z"]],
    ends: { s2: "failed", td: "failed" },
    expected: { s1: "success", s2: "failed", a: "upstream_failed", td: "failed", z: "success" },
    run: "failed",
  },
  {
    rule: "… unless on_failure_fail_dagrun",
    tasks: [["s", { isSetup: true }], ["a < s"], ["td < a, s", { ...teardown("s"), onFailureFailDagRun: true }]],
    ends: { td: "failed" },
    expected: { s: "success", a: "success", td: "failed" },
    run: "failed",
  },
  {
    rule: "leaves … ignoring teardown tasks: what only a teardown comes after decides the run",
    tasks: [["s", { isSetup: true }], ["a < s"], ["td < a, s", teardown("s")]],
    ends: { a: "failed" },
    expected: { s: "success", a: "failed", td: "success" },
    run: "failed",
  },
  {
    rule: "A setup without teardown scopes everything below it",
    tasks: [["s", { isSetup: true }], ["a < s"], ["b < a", { triggerRule: "all_done" }], ["c < b", { triggerRule: "one_failed" }]],
    ends: { s: "failed" },
    expected: { s: "failed", a: "upstream_failed", b: "upstream_failed", c: "upstream_failed" },
    run: "failed",
  },
];

const BRANCHES: RuleCase[] = [
  {
    rule: "Branch task returns child task ids (direct children); all other direct children are skipped; joins should use none_failed_min_one_success",
    tasks: [["b", { kind: "branch" }], ["x < b"], ["y < b"], ["join < x, y", { triggerRule: "none_failed_min_one_success" }]],
    results: { b: ["x"] },
    expected: { b: "success", x: "success", y: "skipped", join: "success" },
    run: "success",
  },
  {
    rule: "[] skips all; skips cascade through all_success/all_failed",
    tasks: [["b", { kind: "branch" }], ["x < b", { triggerRule: "all_done" }], ["y < x"], ["z < x", { triggerRule: "all_failed" }]],
    results: { b: [] },
    expected: { b: "success", x: "skipped", y: "skipped", z: "skipped" },
    run: "success",
  },
  {
    rule: "group ids: the tasks at the top of the group are followed",
    groups: [groupSpec("g")],
    tasks: [["b", { kind: "branch" }], ["g.x < b", { groupId: "g" }], ["g.y < g.x", { groupId: "g" }], ["z < b"]],
    results: { b: ["g"] },
    expected: { b: "success", "g.x": "success", "g.y": "success", z: "skipped" },
    run: "success",
  },
  {
    rule: "Short circuit: falsy -> skip all downstream except teardowns, ignoring their rules",
    tasks: [
      ["s", { isSetup: true }],
      ["c < s", { kind: "short_circuit" }],
      ["x < c", { triggerRule: "all_done" }],
      ["y < x", { triggerRule: "all_done" }],
      ["td < s, y", teardown("s")],
    ],
    results: { c: false },
    expected: { s: "success", c: "success", x: "skipped", y: "skipped", td: "success" },
    run: "success",
  },
  {
    rule: "… or only direct children when asked to respect rules",
    tasks: [["c", { kind: "short_circuit", respectDownstreamRules: true }], ["x < c"], ["y < x", { triggerRule: "all_done" }]],
    results: { c: false },
    expected: { c: "success", x: "skipped", y: "success" },
    run: "success",
  },
];

const MAPPING: RuleCase[] = [
  {
    rule: "N counts every expanded instance",
    tasks: [
      ["m", { mapping: over(3) }],
      ["z < m", { triggerRule: "none_failed" }],
      ["y < m", { triggerRule: "one_failed" }],
    ],
    ends: { "m[1]": "failed" },
    expected: { "m[0]": "success", "m[1]": "failed", "m[2]": "success", z: "upstream_failed", y: "success" },
    run: "failed",
  },
  {
    rule: "Length 0 -> the unmapped placeholder becomes skipped",
    tasks: [["list"], ["m < list", { mapping: overResultOf("list") }], ["z < m", { triggerRule: "all_done" }]],
    results: { list: [] },
    expected: { list: "success", m: "skipped", z: "success" },
    run: "success",
  },
  {
    rule: "Upstream failed/upstream_failed -> upstream_failed",
    tasks: [["list"], ["m < list", { mapping: overResultOf("list"), triggerRule: "all_done" }]],
    ends: { list: "failed" },
    expected: { list: "failed", m: "upstream_failed" },
    run: "failed",
  },
  {
    rule: "upstream skipped -> skipped",
    tasks: [["list"], ["m < list", { mapping: overResultOf("list"), triggerRule: "all_done" }]],
    ends: { list: "skipped" },
    expected: { list: "skipped", m: "skipped" },
    run: "success",
  },
  {
    rule: "Upstream not populated when it should be -> upstream_failed",
    tasks: [["list"], ["m < list", { mapping: overResultOf("list"), triggerRule: "always" }]],
    results: { list: [1] },
    expected: { list: "success", m: "upstream_failed" },
    run: "failed",
  },
  {
    rule: "mapped TG: depth first; instance i depends only on instance i of its group siblings; a task outside sees the whole list",
    groups: [groupSpec("g", { mapping: over(2) })],
    tasks: [
      ["g.a", { groupId: "g" }],
      ["g.b < g.a", { groupId: "g" }],
      ["z < g.b", { triggerRule: "all_done_min_one_success" }],
    ],
    ends: { "g.a[0]": "failed" },
    expected: { "g.a[0]": "failed", "g.a[1]": "success", "g.b[0]": "upstream_failed", "g.b[1]": "success", z: "success" },
    run: "success",
  },
  {
    rule: "fail_fast Dag: first failure (no retries left) skips the rest, teardowns excepted",
    failFast: true,
    tasks: [["s", { isSetup: true }], ["a < s"], ["b < a"], ["td < b, s", teardown("s")]],
    ends: { a: "failed" },
    expected: { s: "success", a: "failed", b: "skipped", td: "success" },
    run: "success",
  },
];

const LOOPS_AND_GROUPS: RuleCase[] = [
  {
    rule: "no `until` = exactly N; a gate without until is never executed",
    groups: [groupSpec("l", { loop: { maxIterations: 2, hasUntil: false, resultTaskId: "l.a", gateTaskId: "l.gate" } })],
    tasks: [["l.a", { groupId: "l" }], ["l.gate < l.a", { groupId: "l", kind: "loop_gate" }], ["z < l.gate"]],
    expected: { "l.a[0]": "success", "l.a[1]": "success", "l.gate[0]": "success", "l.gate[1]": "success", z: "success" },
    run: "success",
  },
  {
    rule: "Body failed -> gate upstream_failed, no next iteration",
    groups: [groupSpec("l", { loop: { maxIterations: 3, hasUntil: true, resultTaskId: "l.a", gateTaskId: "l.gate" } })],
    tasks: [
      ["l.a", { groupId: "l" }],
      ["l.gate < l.a", { groupId: "l", kind: "loop_gate" }],
    ],
    ends: { "l.a[0]": "failed" },
    expected: { "l.a[0]": "failed", "l.gate[0]": "upstream_failed" },
    run: "failed",
  },
  {
    rule: "skipped terminal -> gate skipped",
    groups: [groupSpec("l", { loop: { maxIterations: 3, hasUntil: true, resultTaskId: "l.a", gateTaskId: "l.gate" } })],
    tasks: [
      ["l.a", { groupId: "l" }],
      ["l.gate < l.a", { groupId: "l", kind: "loop_gate" }],
    ],
    ends: { "l.a[0]": "skipped" },
    expected: { "l.a[0]": "skipped", "l.gate[0]": "skipped" },
    run: "success",
  },
  {
    rule: "false at the cap = gate failed",
    groups: [groupSpec("l", { loop: { maxIterations: 2, hasUntil: true, resultTaskId: "l.a", gateTaskId: "l.gate" } })],
    tasks: [
      ["l.a", { groupId: "l" }],
      ["l.gate < l.a", { groupId: "l", kind: "loop_gate" }],
    ],
    results: { "l.gate": false },
    expected: { "l.a[0]": "success", "l.a[1]": "success", "l.gate[0]": "success", "l.gate[1]": "failed" },
    run: "failed",
  },
  {
    rule: "what is outside and below a group with retries is not evaluated until the group is final",
    groups: [groupSpec("r", { retries: 1 })],
    tasks: [
      ["r.a", { groupId: "r" }],
      ["z < r.a", { triggerRule: "one_failed" }],
    ],
    ends: { "r.a": "failed" },
    expected: { "r.a": "failed", z: null },
    run: "running",
  },
];

describe.each([
  ["setups and teardowns", SETUPS],
  ["branches", BRANCHES],
  ["mapping", MAPPING],
  ["loops and groups that run again", LOOPS_AND_GROUPS],
])("%s", (_subject, cases) => {
  test.each(cases)("'$rule'", (ruleCase) => {
    const spec = specOf(ruleCase);
    const expected = { states: ruleCase.expected, run: ruleCase.run };
    expect(onMachine(spec, ruleCase)).toEqual(expected);
    expect(onModel(spec, ruleCase)).toEqual(expected);
  });
});

function specOf({ tasks, groups = [], failFast = false }: RuleCase): DagSpec {
  return dagSpec({
    dagId: "rules",
    groups,
    failFast,
    tasks: tasks.map(([line, fields]) => {
      const [taskId = "", upstream = ""] = line.split("<").map((part) => part.trim());
      return taskSpec(taskId, {
        ...fields,
        upstream: upstream
          .split(",")
          .map((id) => id.trim())
          .filter((id) => id !== "")
          .sort(),
      });
    }),
  });
}

function onMachine(spec: DagSpec, { ends = {}, results = {} }: RuleCase) {
  const machine = createRunMachine(compileDag(spec));
  machine.start();
  for (let ready = machine.listReady(); ready.length > 0; ready = machine.listReady()) {
    const instance = machine.instances.find(({ state }) => state === "scheduled")!;
    const end = ends[nameOf(instance)] ?? "success";
    machine.begin(instance);
    const result = results[instance.taskId];
    if (end === "success") machine.end(instance, result === undefined ? { kind: end } : { kind: end, result });
    else machine.end(instance, end === "skipped" ? { kind: end, reason: "said so" } : { kind: end, message: "said so" });
  }
  return { states: Object.fromEntries(machine.instances.map((instance) => [nameOf(instance), instance.state])), run: machine.run.state };
}

function onModel(spec: DagSpec, { ends = {}, results = {} }: RuleCase) {
  const dag = new DagModel(spec);
  const run = new RunModel(dag);
  const order = spec.tasks.map(({ taskId }) => taskId);
  for (;;) {
    run.settle();
    const ready = run.instances.filter(({ state }) => state === "scheduled");
    const [instance] = ready.sort((one, other) => order.indexOf(one.taskId) - order.indexOf(other.taskId) || one.mapIndex - other.mapIndex);
    if (instance === undefined) return { states: run.states(), run: run.state };
    instance.state = "running";
    instance.attempt = { attemptId: "a", isRunning: true };
    const end = ends[nameOf(instance)] ?? "success";
    endAttempt(
      run,
      instance,
      "a",
      end === "success" ? { kind: end, result: results[instance.taskId] } : end === "failed" ? { kind: end, retryable: true } : { kind: end },
    );
  }
}
