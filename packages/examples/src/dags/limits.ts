/** What may run at once, in which order, for how long, and with how much memory. Trigger it and watch the instances come in turn. */
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext } from "tradewind";

export const dag = new Dag("limits", {
  description: "Limits on what runs at once, priorities, timeouts, memory",
  tags: ["example", "limits"],
  isPausedUponCreation: false,
  maxActiveRuns: 2, // further runs wait in the state queued
  maxActiveTasks: 4, // of one run
  dagrunTimeout: "10m",
  defaultArgs: { owner: "platform", executionTimeout: "1m" },
});

const listParts = dag.task("list_parts", () => Array.from({ length: 6 }, (_, index) => index));

const measure = dag.task(
  "measure",
  async ({ part }: { part: number }) => {
    await sleep(200, undefined, { signal: getContext().signal });
    return part * 2;
  },
  // Over all runs at most three, of one run at most two; each takes one slot of the pool.
  { maxActiveTisPerDag: 3, maxActiveTisPerDagrun: 2, pool: "default_pool", poolSlots: 1 },
);

// Waiting tasks go by their weight; "absolute" leaves out what is below, so this one comes last among those that are ready.
const archive = dag.task("archive", ({ parts }: { parts: number[] }) => parts.length, { priorityWeight: 1, weightRule: "absolute" });
const publish = dag.task("publish", ({ measured }: { measured: number[] }) => measured.length, { priorityWeight: 10 });

// A process of its own, that nothing else has used, and that is ended when it takes more memory than this.
const render = dag.task("render", ({ measured }: { measured: number[] }) => measured.map((value) => "#".repeat(value)).join("\n"), {
  isolation: "process",
  memoryLimitMb: 512,
});

const parts = listParts();
const measured = measure.expand({ part: parts });
archive({ parts });
publish({ measured });
render({ measured });
