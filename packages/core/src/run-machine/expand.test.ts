import { describe, expect, test } from "vitest";
import { compileDag } from "../dag-graph.ts";
import type { TaskGroupSpec, TaskSpec } from "../dag-spec.ts";
import { dagSpec, groupSpec, taskSpec } from "../plain-spec.ts";
import { createRunMachine, type RunMachine } from "./machine.ts";

const inGroup = (taskId: string, groupId: string | null, upstream: string[] = [], fields: Partial<TaskSpec> = {}): TaskSpec =>
  taskSpec(taskId, { groupId, upstream, ...fields });

function start(groups: TaskGroupSpec[], tasks: TaskSpec[]): RunMachine {
  const machine = createRunMachine(compileDag(dagSpec({ groups, tasks })));
  machine.start();
  return machine;
}

function end(machine: RunMachine, taskId: string, kind: "success" | "failed", mapIndex = -1): void {
  const instance = machine.find(taskId, mapIndex)!;
  machine.begin(instance);
  machine.end(instance, kind === "failed" ? { kind, message: "said so", isFinal: true } : { kind });
}

describe("members of a map", () => {
  const over = (taskId: string) => ({
    kind: "expand" as const,
    order: ["x"],
    inputs: { x: { kind: "xcom" as const, taskId, key: "return_value", path: [] } },
  });

  test("who was a placeholder beside expanded siblings counts, and is counted, by its own index", () => {
    const tasks = [taskSpec("list"), inGroup("g.a", "g", ["list"]), inGroup("g.b", "g", ["g.a"])];
    const machine = start([groupSpec("g", { mapping: over("list") })], tasks);
    end(machine, "list", "failed");
    machine.clear([machine.find("list")!, machine.find("g.a")!]);
    machine.start();
    const list = machine.find("list")!;
    machine.begin(list);
    machine.end(list, { kind: "success", result: [1, 2] });
    expect(machine.find("g.b")!.state).toBe("upstream_failed");
    machine.clear([machine.find("g.a", 0)!, machine.find("g.a", 1)!, machine.find("g.b")!]);
    end(machine, "g.a", "success", 0);
    expect(machine.find("g.b", 0)!.state).toBe("scheduled");
    expect(machine.find("g.b", 1)!.state).toBeNull();
  });

  test("what a member left behind that a shorter map does not have any more is no part of the list of results", () => {
    const tasks = [
      taskSpec("list"),
      taskSpec("each", { upstream: ["list"], mapping: over("list") }),
      taskSpec("last", { upstream: ["each"], mapping: over("each") }),
    ];
    const machine = start([], tasks);
    const run = (result: number[]): void => {
      const list = machine.find("list")!;
      machine.begin(list);
      machine.end(list, { kind: "success", result });
      for (const index of result.keys()) {
        const each = machine.find("each", index)!;
        machine.begin(each);
        machine.end(each, { kind: "success", result: index });
      }
    };
    run([1, 2, 3]);
    expect(machine.find("last", 2)!.state).toBe("scheduled");
    machine.clear(machine.instances);
    run([1]);
    expect(machine.find("each", 2)!.state).toBe("removed");
    expect(machine.read({ taskId: "each", key: "return_value" })).toEqual([{ mapIndex: 0, value: 0 }]);
    expect(machine.instances.filter(({ taskId, state }) => taskId === "last" && state === "scheduled")).toHaveLength(1);
  });

  test("Length > max_map_length (1024) -> the pushing task fails", () => {
    const tasks = [taskSpec("list"), taskSpec("each", { upstream: ["list"], mapping: over("list") })];
    const machine = createRunMachine(compileDag(dagSpec({ tasks })), { limits: { maxMapLength: 2 } });
    machine.start();
    const list = machine.find("list")!;
    machine.begin(list);
    machine.end(list, { kind: "success", result: [1, 2, 3] });
    expect(list).toMatchObject({ state: "failed", stateReason: expect.stringContaining("3 members") });
    expect(machine.find("each")!.state).toBe("upstream_failed");
  });
});
