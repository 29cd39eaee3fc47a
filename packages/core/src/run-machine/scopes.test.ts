import { expect, test } from "vitest";
import { compileDag } from "../dag-graph.ts";
import { dagSpec, taskSpec } from "../plain-spec.ts";
import { changeState } from "./changes.ts";
import { createRunMachine } from "./machine.ts";
import { settleRun } from "./settle-run.ts";
import { recount } from "./upstream-counts.ts";

test("a setup that is marked as failed fails all in its scope at once, also where the counters are worked out anew", () => {
  const tasks = [
    taskSpec("up", { isSetup: true }),
    taskSpec("other"),
    taskSpec("near", { upstream: ["other", "up"], triggerRule: "all_done" }),
    taskSpec("far", { upstream: ["near"], triggerRule: "all_done" }),
  ];
  const machine = createRunMachine(compileDag(dagSpec({ tasks })));
  machine.start();
  changeState(machine.model, machine.find("up")!, "failed");
  recount(machine.model);
  expect(settleRun(machine.model)).toBeNull();
  expect(machine.find("far")!.state).toBe("upstream_failed");
  expect(machine.find("near")!.state).toBeNull();
});
