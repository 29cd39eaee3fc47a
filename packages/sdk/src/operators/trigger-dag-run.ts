import { type DagRunState, type Duration, type Json, parseDuration, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import { taskSleep } from "../context.ts";
import { definitionError } from "../definition-error.ts";
import type { NoInputs } from "../inputs.ts";
import type { Instant } from "../instant.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";

export interface TriggerDagRunOptions<Inputs = NoInputs> extends TaskOptions {
  /** The DAG to start a run of. */
  dagId: Templated<string, Inputs>;
  /** The run's conf, checked against the params of that DAG. */
  conf?: Templated<Record<string, Json>, Inputs>;
  /** Default: a run without a logical date. */
  logicalDate?: Templated<Instant, Inputs>;
  /** Default: one is made. */
  runId?: Templated<string, Inputs>;
  /** Wait until the run has ended, and end as it did. Default false. */
  waitForCompletion?: boolean;
  /** How often to look while waiting. Default `"60s"`. */
  pokeInterval?: Duration;
  /** States of the run with which this task fails. Default `["failed"]`. */
  failedStates?: readonly DagRunState[];
  /** States of the run with which this task succeeds. Default `["success"]`. */
  allowedStates?: readonly DagRunState[];
}

export interface TriggeredRun {
  dagId: string;
  runId: string;
  /** When this task ended; null: not known yet. */
  state: DagRunState | null;
}

/**
 * Starts a run of another DAG. Each try starts one, so with `retries` set a `runId` of your own. Airflow's TriggerDagRunOperator.
 *
 * @example
 * dag.add(triggerDagRun("refresh", { dagId: "refresh_dashboards", conf: ({ ds }) => ({ day: ds }), waitForCompletion: true, pokeInterval: "10s" }));
 */
export function triggerDagRun<Inputs = NoInputs>(taskId: string, options: TriggerDagRunOptions<Inputs>): Operator<Inputs, TriggeredRun> {
  const { dagId, conf, logicalDate, runId, waitForCompletion, pokeInterval, failedStates, allowedStates, ...taskOptions } = options;
  const pokeMs = parseDuration(pokeInterval ?? "60s", `pokeInterval of task "${taskId}"`);
  if (pokeMs === 0)
    throw definitionError(`Option "pokeInterval" of task "${taskId}" is zero. Give it a positive duration such as "10s".`, { taskId });
  const request = { dagId, conf, logicalDate, runId, waitForCompletion, failedStates, allowedStates };
  return operator<Inputs, TriggeredRun>(taskId, {
    operator: "trigger_dag_run",
    handler: (inputs) => trigger(request, pokeMs, templateContext(inputs)),
    options: taskOptions,
  });
}

async function trigger<Inputs>(options: TriggerDagRunOptions<Inputs>, pokeMs: number, context: TemplateContext<Inputs>): Promise<TriggeredRun> {
  const run = await getClient().dagRuns.trigger({
    dagId: await renderTemplate(options.dagId, context, "dagId"),
    conf: options.conf === undefined ? undefined : await renderTemplate(options.conf, context, "conf"),
    logicalDate: options.logicalDate === undefined ? undefined : await renderTemplate(options.logicalDate, context, "logicalDate"),
    runId: options.runId === undefined ? undefined : await renderTemplate(options.runId, context, "runId"),
  });
  context.log.info({ dagId: run.dagId, runId: run.runId }, `Started run "${run.runId}" of DAG "${run.dagId}"`);
  if (options.waitForCompletion !== true) return run;
  return waitFor(run, options.allowedStates ?? ["success"], options.failedStates ?? ["failed"], pokeMs, context);
}

async function waitFor(
  run: TriggeredRun,
  allowed: readonly DagRunState[],
  failing: readonly DagRunState[],
  pokeMs: number,
  context: TemplateContext<unknown>,
): Promise<TriggeredRun> {
  for (;;) {
    const state = await getClient().dagRuns.state(run.dagId, run.runId);
    if (failing.includes(state))
      throw new TradewindError("task_failed", `Run "${run.runId}" of DAG "${run.dagId}" is "${state}", so task "${context.task.taskId}" fails.`, {
        details: { ...run, state },
      });
    if (allowed.includes(state)) return { ...run, state };
    context.log.debug(`Run "${run.runId}" is "${state}"; looking again in ${pokeMs / 1000} s`);
    await taskSleep(pokeMs);
    context.signal.throwIfAborted();
  }
}
