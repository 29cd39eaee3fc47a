import { describe, expect, it } from "vitest";
import { Dag, getContext } from "../index.ts";
// oxlint-disable-next-line import/no-unassigned-import -- as a test of an author has it
import "./vitest.ts";
import {
  assertFailed,
  assertLogged,
  assertOrder,
  assertState,
  assertStates,
  assertSuccess,
  assertXCom,
  fail,
  testDag,
  type TestRun,
} from "./index.ts";

function made(...faults: Parameters<typeof fail>[]): Promise<TestRun> {
  const dag = new Dag("d");
  const list = dag.task("list", async () => ["a", "b"])();
  dag.task("load", async ({ x }: { x: string }) => (getContext().log.info(`loading ${x}`), { x })).expand({ x: list });
  return testDag(dag).run({ faults: faults.map((one) => fail(...one)) });
}

describe("matchers of vitest", () => {
  it("hold and do not hold", async () => {
    const [good, bad] = [await made(), await made(["load", { mapIndex: 1 }])];
    expect(good).toSucceed();
    expect(good).not.toFail();
    expect(bad).toFail();
    expect(bad).toHaveTaskState("load[1]", "failed");
    expect(bad).not.toHaveTaskState("load[0]", "failed");
    expect(bad).toHaveTaskStates({ list: "success", "load[1]": "failed" });
    expect(good).toHaveRun("load[0]");
    expect(good).toHaveRunInOrder("list", "load[1]");
    expect(good).not.toHaveRunInOrder("load[1]", "list");
    expect(good).toHaveXCom("load", [{ x: "a" }, { x: "b" }]);
    expect(good).toHaveLogged(/loading b/, "load[1]");
    expect(good).not.toHaveLogged("loading b", "load[0]");
  });

  it("tell the whole run when they do not hold", async () => {
    const run = await made(["list"]);
    expect(() => expect(run).toSucceed()).toThrow(
      'Expected the run to be success; it is failed (task_failure).\nRun "manual__2026-01-01T00:00:00+00:00" of DAG "d" is failed (task_failure):\n  list: failed (task "list" was told to fail)\n  load: upstream_failed',
    );
    expect(() => expect(run).not.toFail()).toThrow("Did not expect the run to be failed.");
    expect(() => expect(1).toSucceed()).toThrow("This matcher looks at a run");
    expect(() => expect(run).toHaveTaskState("lod", "success")).toThrow('has no task "lod". It has list, load.');
  });
});

describe("assertions for node:test and others", () => {
  it("pass, or throw an AssertionError that tells the whole run", async () => {
    const [good, bad] = [await made(), await made(["list"])];
    assertSuccess(good);
    assertFailed(bad);
    assertState(bad, "load", "upstream_failed");
    assertStates(good, { list: "success" });
    assertOrder(good, "list", "load[0]");
    assertXCom(good, "list", ["a", "b"]);
    assertLogged(good, "loading a");
    for (const wrong of [
      () => assertSuccess(bad),
      () => assertFailed(good),
      () => assertState(bad, "list", "success"),
      () => assertStates(bad, { list: "success", load: "upstream_failed" }),
      () => assertOrder(bad, "load"),
      () => assertXCom(good, "list", ["a"]),
      () => assertLogged(bad, "loading a"),
    ]) {
      expect(wrong).toThrow(expect.objectContaining({ name: "AssertionError", message: expect.stringContaining('of DAG "d" is') }));
    }
  });
});
