/** A DAG that gives up with its first failure, tells somebody, and is paused after three failed runs in a row. Trigger it with `{"failing": true}` to see that. */
import { Dag, FailTask, getContext } from "tradewind";
import { webhookNotifier } from "tradewind/notifiers";

export const dag = new Dag("fail_fast", {
  description: "The first failure ends what runs and skips what waits, teardowns excepted",
  tags: ["example", "failures"],
  isPausedUponCreation: false,
  failFast: true,
  maxConsecutiveFailedDagRuns: 3,
  params: { failing: { type: "boolean", default: false } },
  // The connection has the address: `tradewind connections set alerts https://example.com/hooks/failed`.
  onFailure: webhookNotifier({ connection: "alerts" }),
});

const reserve = dag.task("reserve", () => ({ slot: "rack-7" }));
const release = dag.task("release", ({ slot }: { slot: string }) => getContext().log.info(`${slot} is free again`));
const check = dag.task("check", () => {
  if (getContext<typeof dag>().params.failing) throw new FailTask("a check that was asked to fail");
});
const measure = dag.task("measure", ({ part }: { part: number }) => part * part);
const publish = dag.task("publish", ({ measured }: { measured: number[] }) => measured.reduce((sum, one) => sum + one, 0));

const reserved = reserve();
const measured = measure.expand({ part: [1, 2, 3] });
const released = release({ slot: reserved.get("slot") }).asTeardown({ setups: reserved });
// The last tasks decide about the run, and this is one of them: teardowns do not count.
check().after(reserved).before(released);
measured.after(reserved);
released.after(publish({ measured }));
