import { compileDag, type Json } from "@tradewind/core";
import { Dag } from "tradewind";
import { toSpec } from "tradewind/internal";
import { expect, test } from "vitest";
import { type LocalEnd, type LocalInstance, LocalRun } from "./local-run.ts";

/** Runs a DAG's graph with what each task is said to give; an instance not named succeeds with its inputs as result. */
function runGraph(dag: Dag, gives: Record<string, LocalEnd> = {}, only: string[] | null = null) {
  const run = new LocalRun(compileDag(toSpec(dag)), only, () => undefined);
  const order: string[] = [];
  for (let instance = run.next(); instance !== null; instance = run.next()) {
    order.push(nameOf(instance));
    run.end(instance, gives[nameOf(instance)] ?? gives[instance.node.taskId] ?? { state: "success", result: run.inputsOf(instance) });
  }
  return { run, order, states: Object.fromEntries(run.instances.map((instance) => [nameOf(instance), instance.state])) };
}

const nameOf = ({ node, mapIndex }: LocalInstance): string => (mapIndex < 0 ? node.taskId : `${node.taskId}[${mapIndex}]`);
const result = (value: Json): LocalEnd => ({ state: "success", result: value });
const noop = async () => undefined;

test("a task gets the results of those before it", () => {
  const dag = new Dag("d");
  const numbers = dag.task("numbers", async () => [1, 2]);
  const sum = dag.task("sum", async ({ values }: { values: number[] }) => values.length);
  sum({ values: numbers() });
  const { run, order } = runGraph(dag, { numbers: result([1, 2]) });
  expect(order).toEqual(["numbers", "sum"]);
  expect(run.xcom("sum", "return_value", undefined)).toEqual({ values: [1, 2] });
  expect(run.outcome()).toBe("success");
});

test("a mapped task has an instance for each item, and its results are a list in index order", () => {
  const dag = new Dag("d");
  const shops = dag.task("shops", async () => ["a", "b"]);
  const total = dag.task("total", async ({ shop }: { shop: string }) => shop.length);
  const report = dag.task("report", async ({ totals }: { totals: number[] }) => totals.length);
  report({ totals: total.expand({ shop: shops() }) });
  const { run, order } = runGraph(dag, { shops: result(["a", "b"]), "total[0]": result(10), "total[1]": result(20) });
  expect(order).toEqual(["shops", "total[0]", "total[1]", "report"]);
  expect(run.xcom("report", "return_value", undefined)).toEqual({ totals: [10, 20] });
});

test("mapped over nothing: skipped, and with it what needs it", () => {
  const dag = new Dag("d");
  const shops = dag.task("shops", async (): Promise<string[]> => []);
  const total = dag.task("total", async ({ shop }: { shop: string }) => shop.length);
  const report = dag.task("report", async ({ totals }: { totals: number[] }) => totals.length);
  report({ totals: total.expand({ shop: shops() }) });
  const { states, run } = runGraph(dag, { shops: result([]) });
  expect(states).toEqual({ shops: "success", total: "skipped", report: "skipped" });
  expect(run.outcome()).toBe("success");
});

test("mapped over what cannot be mapped: the task fails and says why", () => {
  const dag = new Dag("d");
  const shops = dag.task("shops", async () => ["a"]);
  dag.task("total", async ({ shop }: { shop: string }) => shop.length).expand({ shop: shops() });
  const { run, states } = runGraph(dag, { shops: result(7) });
  expect(states).toEqual({ shops: "success", total: "failed" });
  expect(run.instances[1]!.error).toContain("must be a list or an object; found 7");
});

test("a failure reaches what needs it; all_done runs all the same, and decides the run as the only leaf", () => {
  const dag = new Dag("d");
  const load = dag.task("load", noop)();
  const use = dag.task("use", noop)();
  const clean = dag.task("clean", noop, { triggerRule: "all_done" })();
  load.before(use);
  use.before(clean);
  const { states, run } = runGraph(dag, { load: { state: "failed", error: "no" } });
  expect(states).toEqual({ load: "failed", use: "upstream_failed", clean: "success" });
  expect(run.outcome()).toBe("success");
});

test("a branch skips what it did not choose, and a join with none_failed_min_one_success runs", () => {
  const dag = new Dag("d");
  const left = dag.task("left", noop)();
  const right = dag.task("right", noop)();
  const join = dag.task("join", noop, { triggerRule: "none_failed_min_one_success" })();
  dag
    .if(dag.task("isLeft", async () => true)())
    .then(left)
    .else(right);
  left.before(join);
  right.before(join);
  const { states } = runGraph(dag, { isLeft: result(["left"]) });
  expect(states).toEqual({ isLeft: "success", left: "success", right: "skipped", join: "success" });
});

test("a skip reaches what needs all to succeed", () => {
  const dag = new Dag("d");
  const a = dag.task("a", noop)();
  a.before(dag.task("b", noop)());
  expect(runGraph(dag, { a: { state: "skipped", reason: "x" } }).states).toEqual({ a: "skipped", b: "skipped" });
});

test("only some tasks: with what they need, and nothing else", () => {
  const dag = new Dag("d");
  const a = dag.task("a", noop)();
  const b = dag.task("b", noop)();
  const c = dag.task("c", noop)();
  a.before(b);
  b.before(c);
  const { order, run } = runGraph(dag, {}, ["b"]);
  expect(order).toEqual(["a", "b"]);
  expect(run.outcome()).toBe("success");
  expect(() => runGraph(dag, {}, ["nope"])).toThrow(/nope/);
});
