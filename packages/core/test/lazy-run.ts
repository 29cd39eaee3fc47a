import type { DagGraph } from "../src/dag-graph.ts";
import type { Json } from "../src/dag-spec.ts";
import { addInstance, createRunModel, type RunFacts, type RunInstance, type RunModel, settleRun, xcomKey } from "../src/run-machine/index.ts";
import { addPlannedInstances, planInstances } from "../src/run-machine/plan-instances.ts";

/** A run that is kept elsewhere, as the engine's is: each change loads only what the machine asks for, and writes back what is there. */
export class LazyRun {
  readonly graph: DagGraph;
  run: RunFacts;
  groupTries = new Map<string, number>();
  readonly groupRetries = new Set<string>();
  readonly rows = new Map<number, RunInstance>();
  readonly #xcoms = new Map<string, { mapIndex: number; value: Json }[]>();
  #lastId = 0;

  constructor(graph: DagGraph, run: RunFacts) {
    this.graph = graph;
    this.run = run;
    const model = this.#model();
    addPlannedInstances(
      model,
      planInstances(graph, () => true, 1024),
    );
    this.#keep(model);
  }

  find(taskId: string, mapIndex: number): RunInstance {
    return [...this.rows.values()].find((row) => row.taskId === taskId && row.mapIndex === mapIndex)!;
  }

  setXCom(taskId: string, mapIndex: number, value: Json): void {
    const key = xcomKey({ taskId, key: "return_value" });
    const others = (this.#xcoms.get(key) ?? []).filter((row) => row.mapIndex !== mapIndex);
    this.#xcoms.set(
      key,
      [...others, { mapIndex, value }].sort((a, b) => a.mapIndex - b.mapIndex),
    );
  }

  deleteXComs(taskId: string, mapIndex: number): void {
    const key = xcomKey({ taskId, key: "return_value" });
    this.#xcoms.set(
      key,
      (this.#xcoms.get(key) ?? []).filter((row) => row.mapIndex !== mapIndex),
    );
  }

  /** @param load the instances that the change touches; null: all of them */
  change(load: readonly RunInstance[] | null, apply: (model: RunModel, instances: RunInstance[]) => void): void {
    const model = this.#model();
    if (load === null) this.#loadAll(model);
    apply(
      model,
      (load ?? []).map((row) => this.#load(model, row)),
    );
    for (let needs = settleRun(model), rounds = 0; needs !== null; needs = settleRun(model)) {
      if (++rounds > 200)
        throw new Error(`The machine asks for the same again: ${JSON.stringify([...needs.tasks])} ${JSON.stringify([...needs.xcoms])}`);
      for (const taskId of needs.tasks) {
        for (const row of this.rows.values()) if (row.taskId === taskId) this.#load(model, row);
        model.complete.add(taskId);
      }
      for (const key of needs.xcoms.keys()) model.loadedXComs!.add(key);
      if (needs.groupTries) model.groupTries = this.groupTries;
      if (needs.whole) this.#loadAll(model);
    }
    this.#keep(model);
  }

  #model(): RunModel {
    return createRunModel({
      run: { ...this.run },
      graph: this.graph,
      limits: { maxMapLength: 1024, maxTaskRetryDelayMs: 86_400_000 },
      newInstanceId: () => ++this.#lastId,
      readXComs: (ref) => this.#xcoms.get(xcomKey(ref)) ?? [],
      loadedXComs: new Set(),
      groupTries: null,
    });
  }

  #load(model: RunModel, row: RunInstance): RunInstance {
    return model.instances.get(row.id) ?? addInstance(model, { ...row, counts: { ...row.counts } });
  }

  #loadAll(model: RunModel): void {
    for (const row of this.rows.values()) this.#load(model, row);
    for (const taskId of this.graph.tasks.keys()) model.complete.add(taskId);
    model.isWhole = true;
  }

  #keep(model: RunModel): void {
    this.run = model.run;
    if (model.groupTries !== null) this.groupTries = model.groupTries;
    for (const { groupId } of model.groupRetries) this.groupRetries.add(groupId);
    for (const instance of model.instances.values()) this.rows.set(instance.id, instance);
  }
}
