/** Functions that are called when something has happened to a task or a run. Notifiers (webhook, Slack, mail) are given in the same places. */
import { Dag, type DagCallbackContext, getContext, SkipTask, type TaskCallbackContext } from "tradewind";

const say = ({ event, task, attempt, error, reason, log }: TaskCallbackContext): void => {
  log.info(`${task.taskId} ${event} at try ${attempt.tryNumber}${error ? `: ${error.message}` : reason ? `: ${reason}` : ""}`);
};
const sayOfRun = ({ event, run, log }: DagCallbackContext): void => log.info(`the run ${run.runId}: ${event}`);

export const dag = new Dag("callbacks", {
  description: "Callbacks of tasks and of the run",
  tags: ["example", "callbacks"],
  isPausedUponCreation: false,
  onSuccess: sayOfRun,
  onFailure: sayOfRun,
  defaultArgs: { onExecute: say, onSuccess: say, onFailure: say, onRetry: say, onSkipped: say },
});

const flaky = dag.task(
  "flaky",
  () => {
    if (getContext().attempt.tryNumber === 1) throw new Error("the first try never works");
    return "worked";
  },
  { retries: 1, retryDelay: "1s" },
);
const optional = dag.task("optional", () => {
  throw new SkipTask("there is nothing to do today");
});
const done = dag.task("done", () => "done", { triggerRule: "none_failed" });

done().after([flaky(), optional()]);
