import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { writeAirflowFile } from "./airflow-files.ts";
import { writeTradewindFile } from "./tradewind-files.ts";
import { blockedBehindGate, chain, type DagDescription, dagIdsOf, fanOut, inOneFile, parallel, spreadOverFiles, tasksOf, tree } from "./workload.ts";

const edgesOf = (dag: DagDescription): number => dag.tasks.reduce((sum, task) => sum + task.upstream.length, 0);

describe("descriptions", () => {
  it.each([
    ["a chain", chain("c", 40), 40, 39],
    ["parallel tasks", parallel("p", 10), 10, 0],
    ["a fan-out", fanOut("f", 1_000), 1_002, 2_000],
    ["a tree of three levels", tree("t", 10, 3), 111, 110],
    ["tasks behind a gate", blockedBehindGate("b", 100, "none"), 101, 100],
  ])("%s has its tasks and edges, upstreams first", (_, dag, tasks, edges) => {
    expect(dag.tasks).toHaveLength(tasks);
    expect(edgesOf(dag)).toBe(edges);
    expect(new Set(dag.tasks.map((task) => task.taskId)).size).toBe(tasks);
    dag.tasks.forEach((task, at) => task.upstream.forEach((index) => expect(index).toBeLessThan(at)));
  });

  it("spread over files, each DAG is in one of them", () => {
    const workload = { prefix: "x", files: spreadOverFiles("x", 25, 10, (dagId) => parallel(dagId, 2)) };
    expect(workload.files).toHaveLength(10);
    expect(new Set(dagIdsOf(workload)).size).toBe(25);
    expect(tasksOf(workload)).toBe(50);
  });
});

describe("files", () => {
  const described = inOneFile("it's", { ...chain("bench_chain", 3, 10), schedule: { cron: "5 4 * * *", startAt: "2026-01-01T00:00:00Z" } });
  const file = described.files[0]!;

  it("Tradewind's says ids, durations, edges and the schedule", () => {
    const text = writeTradewindFile(file);
    expect(text).toContain('["t1",10,[0],{}]');
    expect(text).toContain('"schedule":"5 4 * * *","startDate":"2026-01-01T00:00:00Z","catchup":false');
  });

  const python = spawnSync("python3", ["--version"]).status === 0;
  it.runIf(python)("Airflow's makes the same DAG: run by Python, with stand-ins that write down what they are told", () => {
    const stubs = `
import json, sys, types
said = {"tasks": []}
class DAG:
    def __init__(self, dag_id, **options): said.update(dag_id=dag_id, options={k: str(v) for k, v in options.items()})
class PythonOperator:
    def __init__(self, task_id, op_args, **options): self.task_id = task_id; self.up = []; said["tasks"].append([task_id, op_args[0], self.up])
    def set_upstream(self, tasks): self.up.extend(task.task_id for task in tasks)
for name, member in {"airflow.sdk": DAG, "airflow.providers.standard.operators.python": PythonOperator}.items():
    module = types.ModuleType(name); setattr(module, member.__name__, member); sys.modules[name] = module
for name in ["airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"]: sys.modules[name] = types.ModuleType(name)
exec(sys.stdin.read(), {"__name__": "file"})
print(json.dumps(said))`;
    const said = JSON.parse(execFileSync("python3", ["-c", stubs], { input: writeAirflowFile(file), encoding: "utf8" })) as Record<string, unknown>;
    expect(said["dag_id"]).toBe("bench_chain");
    expect(said["tasks"]).toEqual([
      ["t0", 10, []],
      ["t1", 10, ["t0"]],
      ["t2", 10, ["t1"]],
    ]);
    expect(said["options"]).toMatchObject({ schedule: "5 4 * * *", start_date: "2026-01-01 00:00:00+00:00", catchup: "False" });
  });
});
