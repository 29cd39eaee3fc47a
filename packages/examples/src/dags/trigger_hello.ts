/** One DAG starts another and waits for it; params are checked by a zod schema. */
import { Dag, getContext } from "tradewind";
import { triggerDagRun } from "tradewind/operators";
import { z } from "zod";

export const dag = new Dag("trigger_hello", {
  description: "Starts a run of hello and waits for its end",
  tags: ["example", "triggering"],
  isPausedUponCreation: false,
  params: { names: z.array(z.string().min(1)).min(1).default(["Ada", "Grace"]) },
});

dag.add(
  triggerDagRun("say_hello", {
    dagId: "hello",
    conf: () => ({ name: getContext<typeof dag>().params.names.join(" and ") }),
    waitForCompletion: true,
    pokeInterval: "1s",
    executionTimeout: "2m",
  }),
);
