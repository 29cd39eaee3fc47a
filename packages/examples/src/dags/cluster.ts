/** Two setups with a teardown each, one inside of the other; the outer one must not fail unseen, because a cluster that goes on costs money. */
import { Dag, getContext } from "tradewind";

export const dag = new Dag("cluster", {
  description: "Nested setups and teardowns; the failure of one of them fails the run",
  tags: ["example", "setup"],
  isPausedUponCreation: false,
  params: {
    stuck: { type: "boolean", default: false, description: "Let the cluster refuse to stop: all the work is done, and the run fails all the same." },
  },
});

const startCluster = dag.setup("start_cluster", () => ({ url: "http://10.0.0.7:8080", nodes: 3 }));
const stopCluster = dag.teardown(
  "stop_cluster",
  ({ url }: { url: string }) => {
    if (getContext<typeof dag>().params.stuck) throw new Error(`the cluster at ${url} does not stop`);
  },
  // Without this a teardown that fails is seen in the grid, and counts for nothing.
  { onFailureFailDagRun: true },
);
const openSession = dag.setup("open_session", ({ url }: { url: string }) => `${url}/sessions/1`);
const closeSession = dag.teardown("close_session", ({ session }: { session: string }) => getContext().log.info(`closed ${session}`));
const train = dag.task("train", ({ session }: { session: string }) => `${session}/model`);
const evaluate = dag.task("evaluate", ({ model }: { model: string }) => ({ model, score: 0.93 }));

const cluster = startCluster();
const session = openSession({ url: cluster.get("url") });
// Setups directly above a teardown are its own: when `train` is cleared, its session and its cluster are made again.
const evaluated = evaluate({ model: train({ session }) });
const closed = closeSession({ session }).after(evaluated);
stopCluster({ url: cluster.get("url") }).after(closed);
