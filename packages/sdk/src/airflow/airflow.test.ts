import type { Json } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { DAG } from "../definition.ts";
import { bash } from "../operators/index.ts";
import { runTask } from "../run-task.ts";
import type { TaskRuntime } from "../runtime.ts";
import { toSpec } from "../to-spec.ts";
import { Asset, Bundle, Dag, getClient, getContext, TaskHandler, withArgNames } from "./index.ts";
import { collectRegistrations, registeredExports } from "./registrations.ts";

function runtimeOf(taskId: string, xcoms: Record<string, Json> = {}): TaskRuntime {
  const at = "2026-03-05T06:30:00.000Z";
  const context = { dagId: "d", runId: "r", runType: "manual", taskId, mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "a" };
  const dates = {
    logicalDate: at,
    dataIntervalStart: at,
    dataIntervalEnd: at,
    runAfter: at,
    runStartedAt: at,
    firstStartedAt: at,
    rescheduleCount: 0,
  };
  // As a class, since the runner's may be one: methods are on its prototype.
  class Runtime {
    context = { ...context, ...dates, conf: {}, params: {}, dagVersion: 1 };
    signal = new AbortController().signal;
    log(): void {}
    progress(): void {}
    async getXCom({ taskId: from, key }: { taskId: string; key: string }): Promise<Json | undefined> {
      return xcoms[`${from}.${key}`];
    }
    async setXCom(key: string, value: Json): Promise<void> {
      xcoms[`${taskId}.${key}`] = value;
    }
    async getVariable(): Promise<undefined> {}
    async getConnection(): Promise<undefined> {}
  }
  return new Runtime() as unknown as TaskRuntime;
}

const run = (dag: Dag, taskId: string, runtime = runtimeOf(taskId), inputs: Record<string, Json> = {}) =>
  runTask(dag as never, taskId, { inputs, inputMaps: [], runtime });

describe("getClient", () => {
  const inTask = async <T>(body: () => Promise<T>): Promise<T> => {
    let result: T | undefined;
    const dag = new Dag("d");
    dag.task("t", async () => void (result = await body()))();
    await run(dag, "t");
    return result as T;
  };

  it("gives null for what is not there", async () => {
    const found = await inTask(async () => {
      const client = getClient();
      return [
        await client.getVariable("x"),
        await client.getConnection("x"),
        await client.getXCom({ key: "x" }),
        await client.getXCom({ key: "x", taskId: "y" }),
      ];
    });
    expect(found).toEqual([null, null, null, null]);
  });

  it("refuses what Tradewind does not do, instead of doing something else", async () => {
    await expect(inTask(() => getClient().setXCom({ key: "k", value: 1, taskId: "other" }))).rejects.toThrow(/sets its own XComs only/);
    await expect(inTask(() => getClient().getXCom({ key: "k", includePriorDates: true }))).rejects.toThrow(/includePriorDates/);
    await expect(
      inTask(async () =>
        getClient()
          .assetStateStore.forAsset(new Asset({ name: "a" }))
          .get("k"),
      ),
    ).rejects.toThrow(/no state of assets/);
    await expect(inTask(() => getClient().setXCom({ key: "k", value: 1, taskId: "t", dagId: "d", runId: "r" }))).resolves.toBeUndefined();
  });

  it("is there in tasks only, as getContext is", () => {
    expect(() => getClient()).toThrow(/outside of a running task/);
    expect(() => getContext()).toThrow(/outside of a running task/);
  });
});

it("keeps what a decider returned as its XCom, and fails one that chose no case", async () => {
  const dag = new Dag("d");
  const [one, two, outside] = [dag.task("one", async () => 1)(), dag.task("two", async () => 2)(), dag.task("outside", async () => 3)()];
  let choice = one;
  const picked = dag.task("pick", async () => choice)();
  dag.switch(picked).case(one).case(two);
  const xcoms: Record<string, Json> = {};
  expect(await run(dag, "pick", runtimeOf("pick", xcoms))).toMatchObject({ result: '["one"]' });
  expect(xcoms).toEqual({ "pick.decision": "one" });
  dag.task("look", async () => getClient().getXCom({ key: "return_value", taskId: "pick" }))();
  expect(await run(dag, "look", runtimeOf("look", xcoms))).toMatchObject({ result: '"one"' });
  choice = outside;
  await expect(run(dag, "pick")).rejects.toMatchObject({
    code: "branch_invalid",
    message: expect.stringMatching(/chose "outside", which is none of its cases: one, two/),
  });
});

it("renders the options of Tradewind's operators as templates, with the options of the task beside them", () => {
  const dag = new Dag("d", { queue: "typescript" });
  dag.task("load", bash("ignored", { command: "echo {{ ds }}", retries: 1 }), { retries: 3 })();
  dag.add(bash("second", { command: "echo" }));
  expect(dag.taskIds).toEqual(["load", "second"]);
  expect(toSpec(dag as never).tasks).toMatchObject([
    { taskId: "load", operator: "bash", retries: 3, queue: "typescript" },
    { taskId: "second", retries: 0 },
  ]);
});

it("gives handlers arguments under the names of the call", async () => {
  const report = withArgNames({ label: "run_label" }, async ({ label, rest }: { label: string; rest: number }) => `${label} ${rest}`);
  expect(await report({ run_label: "a", rest: 1 } as never)).toBe("a 1");
  expect(await report({ label: "own", rest: 2 })).toBe("own 2");
  expect(() => withArgNames({ label: 3 } as never, report)).toThrow(/withArgNames/);
});

describe("a bundle", () => {
  it("finds handlers for tests, and holds each DAG once", async () => {
    const dag = new Dag("d");
    dag.task("t", async () => "hello")();
    const bundle = new Bundle(dag, new TaskHandler("python", "t", async () => "python"));
    expect(await bundle.getTaskHandler("python", "t")?.(undefined as never)).toBe("python");
    expect(bundle.getTaskHandler("d", "none")).toBeUndefined();
    expect(() => bundle.register(new Dag("other"), dag)).toThrow(/registered already/);
    // All or none.
    expect(bundle.register(new Dag("other"))).toBeUndefined();
    expect(() => bundle.register(new TaskHandler("d", "t", async () => 1))).toThrow(/declared here/);
    expect(() => bundle.register({} as never)).toThrow(/A bundle holds DAGs/);
    await expect(bundle.serve()).resolves.toBeUndefined();
  });

  it("belongs to the load that made it, with what it holds in the end", async () => {
    const load = (id: string, waitMs: number) =>
      collectRegistrations(async () => {
        const bundle = new Bundle();
        await new Promise((resolve) => void setTimeout(resolve, waitMs));
        bundle.register(new Dag(id));
        await bundle.serve();
        return {};
      });
    const [slow, quick] = await Promise.all([load("slow", 20), load("quick", 1)]);
    expect(slow.registrations.dags.map((dag) => dag[DAG].dagId)).toEqual(["slow"]);
    expect(quick.registrations.dags.map((dag) => dag[DAG].dagId)).toEqual(["quick"]);
    expect(Object.values(registeredExports({}, quick.registrations))).toEqual([quick.registrations.dags]);
  });
});
