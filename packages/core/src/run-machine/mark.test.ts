import { expect, test } from "vitest";
import { compileDag } from "../dag-graph.ts";
import { dagSpec, taskSpec } from "../plain-spec.ts";
import { createRunMachine } from "./machine.ts";

test("a run that was marked while a teardown is left may still run out of time", () => {
  const tasks = [
    taskSpec("up", { isSetup: true }),
    taskSpec("work", { upstream: ["up"] }),
    taskSpec("down", { upstream: ["up", "work"], isTeardown: true, setups: ["up"], triggerRule: "all_done_setup_success" }),
  ];
  const machine = createRunMachine(compileDag(dagSpec({ tasks, dagrunTimeoutMs: 3_600_000 })));
  machine.start(new Date("2026-01-01T00:00:00Z"));
  const setup = machine.find("up")!;
  machine.begin(setup);
  machine.end(setup, { kind: "success" });
  // As when the run was read from where it is kept, with no more than is needed.
  machine.model.timeoutAt = null;

  machine.markRun("failed");
  expect(machine.run).toMatchObject({ state: "running", markedState: "failed" });
  expect(machine.model.timeoutAt).toEqual(new Date("2026-01-01T01:00:00Z"));
});
