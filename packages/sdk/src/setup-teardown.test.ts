import { validateDagSpec } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { Dag } from "./index.ts";
import { toSpec } from "./internal.ts";

const noop = async () => 1;
const specOf = (dag: Dag) => validateDagSpec(toSpec(dag));
const taskOf = (dag: Dag, taskId: string) => specOf(dag).tasks.find((task) => task.taskId === taskId)!;
const place = (dag: Dag, ...ids: string[]) => ids.map((id) => dag.task(id, noop)());
const upstreams = (dag: Dag) => Object.fromEntries(specOf(dag).tasks.map((task) => [task.taskId, task.upstream]));

describe("setups and teardowns", () => {
  it("are marked on placed tasks; the teardown gets its rule, its setups and an edge from them", () => {
    const dag = new Dag("d", { defaultArgs: { triggerRule: "all_success" } });
    const [up, work, down] = place(dag, "up", "work", "down");
    work!.after(up!);
    down!.after(work!).asTeardown({ setups: up! });
    expect(taskOf(dag, "up")).toMatchObject({ isSetup: true, isTeardown: false, triggerRule: "all_success" });
    expect(taskOf(dag, "down")).toMatchObject({
      isSetup: false,
      isTeardown: true,
      triggerRule: "all_done_setup_success",
      setups: ["up"],
      upstream: ["up", "work"],
      onFailureFailDagRun: false,
    });
  });

  it("may be declared as such; setups directly above a teardown are its own without being named", () => {
    const dag = new Dag("d");
    const up = dag.setup("up", async () => ({ url: "u" }))();
    dag.teardown("down", async ({ url }: { url: string }) => url, { onFailureFailDagRun: true })({ url: up.get("url") });
    expect(taskOf(dag, "up").isSetup).toBe(true);
    expect(taskOf(dag, "down")).toMatchObject({ isTeardown: true, setups: ["up"], upstream: ["up"], onFailureFailDagRun: true });
  });

  it("have scopes: what the builder places runs between them, whatever the order inside", () => {
    const dag = new Dag("d");
    const [up, down] = place(dag, "up", "down");
    const made = dag.scope(down!.asTeardown({ setups: [up!] }), () => {
      const [a, b, c] = place(dag, "a", "b", "c");
      a!.before(b!);
      return { a, c };
    });
    expect(made.a!.taskId).toBe("a");
    expect(upstreams(dag)).toEqual({ up: [], down: ["b", "c", "up"], a: ["up"], b: ["a"], c: ["up"] });
  });

  it("are not where edges of a group begin: what comes next does not wait for a teardown", () => {
    const dag = new Dag("d");
    const group = dag.taskGroup("g", () => {
      const [up, work, down] = place(dag, "up", "work", "down");
      up!.before(work!);
      work!.before(down!.asTeardown({ setups: up! }));
    });
    const [next] = place(dag, "next");
    group.before(next!);
    expect(upstreams(dag).next).toEqual(["g.work"]);
  });

  it("keep the edges of a group that holds nothing else", () => {
    const dag = new Dag("d");
    const group = dag.taskGroup("g", () => {
      const [up, down] = place(dag, "up", "down");
      down!.asTeardown({ setups: up! });
    });
    const [before, after] = place(dag, "before", "after");
    group.after(before!).before(after!);
    expect(upstreams(dag)).toMatchObject({ "g.up": ["before"], after: ["g.up"] });
  });

  it.each<[string, (dag: Dag) => void, RegExp]>([
    ["both", (dag) => void place(dag, "a")[0]!.asSetup().asTeardown(), /"a" in DAG "d" is to be a setup and a teardown/],
    [
      "itself",
      (dag) => {
        const [a] = place(dag, "a");
        a!.asTeardown({ setups: a! });
      },
      /"a" in DAG "d" is to be a setup and a teardown/,
    ],
    [
      "a rule of a teardown's own",
      (dag) => void dag.task("a", noop, { triggerRule: "all_done" })().asTeardown(),
      /The teardown "a" in DAG "d" has the trigger rule "all_done"/,
    ],
    [
      "a teardown's rule without being one",
      (dag) => void dag.task("a", noop, { triggerRule: "all_done_setup_success" })(),
      /"all_done_setup_success", which only teardowns have/,
    ],
    [
      "another rule directly below a setup",
      (dag) =>
        void place(dag, "up")[0]!
          .asSetup()
          .before(dag.task("a", noop, { triggerRule: "all_done" })()),
      /"a" in DAG "d" is directly below the setup "up" and has the trigger rule "all_done"/,
    ],
    ["a scope without a teardown", (dag) => dag.scope(place(dag, "a")[0]!, () => 1), /was given task "a", which is no teardown/],
    [
      "a scope whose builder is async",
      (dag) => void dag.scope(place(dag, "a")[0]!.asTeardown(), async () => 1),
      /The builder of scope\(\) in DAG "d" is async/,
    ],
  ])("refuse %s", (_what, define, message) => {
    const dag = new Dag("d");
    expect(() => {
      define(dag);
      toSpec(dag);
    }).toThrow(message);
  });

  it("may be in a DAG that fails fast", () => {
    const dag = new Dag("d", { failFast: true });
    const [up, down] = place(dag, "up", "down");
    down!.asTeardown({ setups: up! });
    expect(specOf(dag).failFast).toBe(true);
  });
});
