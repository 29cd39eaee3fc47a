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

const waitingGroups = (machine: RunMachine): (string | null)[] => machine.listTimers().map(({ groupId }) => groupId);

describe("a group with retries", () => {
  test("that is due when its run is marked failed is run again after its delay once the run begins again", () => {
    const machine = start([groupSpec("r", { retries: 1 })], [inGroup("r.a", "r"), inGroup("other", null)]);
    end(machine, "r.a", "failed");
    const [timer] = machine.listTimers();
    machine.markRun("failed");
    machine.fire(timer!);
    expect(machine.find("r.a")!.state).toBe("failed");

    machine.clear([machine.find("other")!]);
    machine.start();
    end(machine, "other", "success");
    expect(machine.run.state).toBe("running");
    expect(waitingGroups(machine)).toEqual(["r"]);
    machine.fire(machine.listTimers()[0]!);
    end(machine, "r.a", "success");
    expect(machine.run.state).toBe("success");
  });

  test("in which nothing failed by itself is not run again: what failed is above it", () => {
    const machine = start([groupSpec("r", { retries: 3 })], [inGroup("above", null), inGroup("r.a", "r", ["above"]), inGroup("r.b", "r", ["r.a"])]);
    end(machine, "above", "failed");
    expect(machine.find("r.b")!.state).toBe("upstream_failed");
    expect(waitingGroups(machine)).toEqual([]);
    expect(machine.run.state).toBe("failed");
  });

  test("waits for the tries of the groups in it, which begin anew with it", () => {
    const groups = [groupSpec("r", { retries: 1 }), groupSpec("r.in", { parentId: "r", retries: 1 })];
    const machine = start(groups, [inGroup("r.in.a", "r.in")]);
    const tried: (string | null)[] = [];
    for (end(machine, "r.in.a", "failed"); waitingGroups(machine).length > 0; end(machine, "r.in.a", "failed")) {
      tried.push(...waitingGroups(machine));
      machine.fire(machine.listTimers()[0]!);
    }
    expect(tried).toEqual(["r.in", "r", "r.in"]);
    expect(machine.run.state).toBe("failed");
  });

  test("that a person clears meanwhile waits for its own end", () => {
    const machine = start([groupSpec("r", { retries: 1 })], [inGroup("r.a", "r")]);
    end(machine, "r.a", "failed");
    const [timer] = machine.listTimers();
    machine.clear([machine.find("r.a")!]);
    expect(waitingGroups(machine)).toEqual([]);
    machine.fire(timer!);
    expect(machine.find("r.a")).toMatchObject({ state: "scheduled", tryNumber: 2 });
  });

  test("holds the retry of what is below it while it was cleared and is not final again", () => {
    const tasks = [inGroup("r.a", "r"), inGroup("z", null, ["r.a"], { triggerRule: "one_failed", retries: 1 })];
    const machine = start([groupSpec("r", { retries: 1 })], tasks);
    end(machine, "r.a", "failed");
    machine.fire(machine.listTimers()[0]!);
    end(machine, "r.a", "failed");
    const z = machine.find("z")!;
    machine.begin(z);
    machine.end(z, { kind: "failed", message: "said so" });
    machine.clear([machine.find("r.a")!]);
    end(machine, "r.a", "failed");
    machine.fire(machine.listTimers().find(({ instance }) => instance === z)!);
    expect(z.state).toBe("up_for_retry");
    expect(z.stateReason).toContain('group "r"');
  });
});
