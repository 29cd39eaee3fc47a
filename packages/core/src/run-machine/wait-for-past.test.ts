import { describe, expect, test } from "vitest";
import { compileDag } from "../dag-graph.ts";
import type { InputSpec, TaskSpec } from "../dag-spec.ts";
import { dagSpec, groupSpec, taskSpec } from "../plain-spec.ts";
import { createRunMachine, type RunMachine } from "./machine.ts";

const waiting = { dependsOnPast: true, waitForPastDependsBeforeSkipping: true };

/** A run after one in which nothing has ended yet. `endPast` has it end well. */
function start(tasks: TaskSpec[], groups: Parameters<typeof dagSpec>[0] = {}): { machine: RunMachine; endPast: () => void } {
  let pastState: "success" | null = null;
  const machine = createRunMachine(compileDag(dagSpec({ ...groups, tasks })), {
    pastOf: () => ({ previous: { hasTask: true, states: [pastState], downstreamStates: [pastState], isBeforeStartDate: false }, hasRunBefore: true }),
  });
  machine.start();
  return {
    machine,
    endPast: () => {
      pastState = "success";
      machine.reconsiderPast();
    },
  };
}

function end(machine: RunMachine, taskId: string, kind: "success" | "failed" | "skipped", result?: string): void {
  const instance = machine.find(taskId)!;
  machine.begin(instance);
  if (kind === "failed") machine.end(instance, { kind, message: "said so", isFinal: true });
  else if (kind === "skipped") machine.end(instance, { kind, reason: "said so" });
  else machine.end(instance, result === undefined ? { kind } : { kind, result });
}

const stateOf = (machine: RunMachine, taskId: string) => machine.find(taskId)!.state;

describe("with wait_for_past_depends_before_skipping the move to skipped waits until depends_on_past is met", () => {
  test("by a trigger rule", () => {
    const { machine, endPast } = start([taskSpec("a"), taskSpec("b", { upstream: ["a"], ...waiting }), taskSpec("c", { upstream: ["b"] })]);
    end(machine, "a", "skipped");
    expect([stateOf(machine, "b"), stateOf(machine, "c"), machine.run.state]).toEqual([null, null, "running"]);
    expect(machine.explain(machine.find("b")!)).toContain("depends on its past");
    endPast();
    expect([stateOf(machine, "b"), stateOf(machine, "c"), machine.run.state]).toEqual(["skipped", "skipped", "success"]);
  });

  test("by a branch", () => {
    const { machine, endPast } = start([
      taskSpec("branch", { kind: "branch" }),
      taskSpec("followed", { upstream: ["branch"] }),
      taskSpec("other", { upstream: ["branch"], ...waiting }),
    ]);
    end(machine, "branch", "success", "followed");
    end(machine, "followed", "success");
    expect([stateOf(machine, "other"), machine.run.state]).toEqual([null, "running"]);
    endPast();
    expect([stateOf(machine, "other"), machine.run.state]).toEqual(["skipped", "success"]);
  });

  test("by a setup that was skipped, whatever the task's own rule", () => {
    const { machine, endPast } = start([
      taskSpec("s", { isSetup: true }),
      taskSpec("a", { upstream: ["s"], triggerRule: "all_done" }),
      taskSpec("b", { upstream: ["a"], triggerRule: "all_done", ...waiting }),
    ]);
    end(machine, "s", "skipped");
    // Directly below the setup the rule is its own: all_done lets it run.
    if (stateOf(machine, "a") === "scheduled") end(machine, "a", "success");
    expect(stateOf(machine, "b")).toBeNull();
    endPast();
    expect(stateOf(machine, "b")).toBe("skipped");
  });

  test("by what a group is mapped over: its other tasks are skipped at once", () => {
    const list: InputSpec = { kind: "xcom", taskId: "list", key: "return_value", path: [] };
    const { machine, endPast } = start(
      [
        taskSpec("list"),
        taskSpec("g.first", { groupId: "g", upstream: ["list"], ...waiting }),
        taskSpec("g.second", { groupId: "g", upstream: ["g.first"] }),
      ],
      { groups: [groupSpec("g", { mapping: { kind: "expand", order: ["x"], inputs: { x: list } } })] },
    );
    end(machine, "list", "skipped");
    expect([stateOf(machine, "g.first"), stateOf(machine, "g.second")]).toEqual([null, "skipped"]);
    endPast();
    expect([stateOf(machine, "g.first"), machine.run.state]).toEqual(["skipped", "success"]);
  });
});

describe("nothing else waits", () => {
  test.each([
    ["upstream_failed is given at once", waiting, "failed", "upstream_failed"],
    ["without depends_on_past there is nothing to wait for", { waitForPastDependsBeforeSkipping: true }, "skipped", "skipped"],
    ["without the option a task is skipped at once", { dependsOnPast: true }, "skipped", "skipped"],
  ] as const)("%s", (_rule, fields, ends, expected) => {
    const { machine } = start([taskSpec("a"), taskSpec("b", { upstream: ["a"], ...fields })]);
    end(machine, "a", ends);
    expect(stateOf(machine, "b")).toBe(expected);
  });
});
