/** What the pictures of the user interface show at work: a task that takes long, and tells how far it is; others that wait for a pool that is full. */
import { Dag, getContext } from "tradewind";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const dag = new Dag("train_model", {
  description: "Trains the demand forecast on a machine that takes one at a time",
  isPausedUponCreation: false,
  tags: ["forecast", "gpu"],
  defaultArgs: { owner: "forecasting", pool: "gpu" },
});

const features = dag.task("features", async () => 128, { pool: "default_pool" })();
const models = (["prophet", "boosting", "neural"] as const).map((name) =>
  dag.task(`train_${name}`, async ({ features: count }: { features: number }) => {
    const { log, progress } = getContext();
    for (let epoch = 1; epoch <= 600; epoch += 1) {
      await pause(1000);
      progress({ current: epoch, total: 600 });
      const loss = (2.4 / Math.sqrt(epoch)).toFixed(4);
      if (epoch % 20 === 0) log.warn({ epoch }, `learning rate halved after epoch ${epoch}`);
      log.info({ epoch, loss, features: count }, `epoch ${epoch} of 600, loss ${loss}`);
    }
    return name;
  })({ features }),
);
dag.task("publish", async ({ names }: { names: string[] }) => names[0])({ names: models });
