import { DagModel } from "../model/dag-model.ts";
import { type ModelInstance, RunModel } from "../model/run-model.ts";
import type { RecordedAnswer, RunCase } from "./run-cases.ts";

/** Which of the instances that are ready end before the others are looked at again. */
export const ORDERS = { waves: (ready) => ready, first: (ready) => ready.slice(0, 1), last: (ready) => ready.slice(-1) } satisfies Record<
  string,
  (ready: ModelInstance[]) => ModelInstance[]
>;
export type Order = keyof typeof ORDERS;

/** What the model says of a recorded case: run after run goes on as far as it can, until none moves. */
export function answerByModel({ spec, runs }: RunCase, order: Order): RecordedAnswer[] {
  const dag = new DagModel(spec);
  const models: RunModel[] = [];
  for (const _ of runs) models.push(new RunModel(dag, models.at(-1) ?? null));
  for (;;) {
    for (const model of models) model.settle();
    const index = models.findIndex(({ instances }) => instances.some(({ state }) => state === "scheduled"));
    if (index < 0) return models.map((model) => ({ run: model.state, tasks: model.states() }));
    const ready = models[index]!.instances.filter(({ state }) => state === "scheduled");
    for (const instance of ORDERS[order](ready)) instance.state = runs[index]!.ends(instance.taskId, instance.mapIndex);
  }
}
