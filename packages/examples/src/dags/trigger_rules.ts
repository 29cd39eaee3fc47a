/** Every trigger rule below the same three tasks: one that succeeds, one that fails and one that is skipped. The states of the run are the table. */
import { Dag, FailTask, getContext, SkipTask, type TriggerRule } from "tradewind";

export const dag = new Dag("trigger_rules", {
  description: "What each trigger rule makes of a success, a failure and a skip",
  tags: ["example", "trigger rules"],
  isPausedUponCreation: false,
});

// One after the other: some rules go by what ends first. After the skip `all_success` would be skipped as well, after the failure it is upstream_failed.
const good = dag.task("good", () => "done")();
const bad = dag.task("bad", () => {
  throw new FailTask("it fails on purpose");
})();
const skip = (): never => {
  throw new SkipTask("it skips itself on purpose");
};
const skipped = dag.task("skipped", skip, { triggerRule: "all_done" })();
good.before(bad.before(skipped));

const RULES: TriggerRule[] = [
  "all_success", // upstream_failed, with the first bad upstream
  "all_failed",
  "all_done", // runs: also the rule for cleaning up
  "all_done_min_one_success",
  "all_skipped",
  "one_success", // runs as soon as `good` has ended, and does not wait for the others
  "one_failed", // for an alarm
  "one_done",
  "none_failed", // upstream_failed; with skips only it would run
  "none_failed_min_one_success", // where branches meet again
  "none_skipped",
  "always", // waits for nothing
];

// The last task decides about the run: it is a success though some above it failed.
const end = dag.task("end", () => getContext().log.info("all rules are decided"), { triggerRule: "all_done" })();

for (const triggerRule of RULES) {
  const judge = dag.task(triggerRule, () => triggerRule, { triggerRule });
  judge().after(good, bad, skipped).before(end);
}
