import { type DagRunState, hasErrorCode, type Json, nearestName } from "@tradewind/core";
import { getClient } from "../client.ts";
import { taskNowMs } from "../context.ts";
import { OPERATOR } from "../definition.ts";
import { definitionError } from "../definition-error.ts";
import { SkipTask } from "../errors.ts";
import type { Operator } from "../operator.ts";
import { triggerDagRun, type TriggeredRun } from "../operators/trigger-dag-run.ts";

/** What `dag.triggerDagRun` takes, under the names and in the units of Airflow's TypeScript SDK. */
export interface TriggerDagRunSpec {
  /** Id of the task itself. */
  readonly taskId: string;
  /** The DAG to start a run of. */
  readonly dagId: string;
  /** Default: one is made. */
  readonly runId?: string;
  readonly conf?: Readonly<Record<string, Json>>;
  /** Only false: a run that exists is not cleared. */
  readonly resetDagRun?: boolean;
  /** Wait until the run has ended, and end as it did. Default false. */
  readonly waitForCompletion?: boolean;
  /** Seconds between two looks while waiting. Default 60. */
  readonly pokeInterval?: number;
  /** Default `["success"]`. */
  readonly allowedStates?: readonly DagRunState[];
  /** Default `["failed"]`. */
  readonly failedStates?: readonly DagRunState[];
  /** Be skipped, and not fail, when there is such a run already. Default false. */
  readonly skipWhenAlreadyExists?: boolean;
  /** Only false: a run of a paused DAG is made, and waits. */
  readonly failWhenDagIsPaused?: boolean;
  /** Only shown in the log of this task. */
  readonly note?: string;
  /** Without effect: the task waits in its process. */
  readonly deferrable?: boolean;
}

const KNOWN: Record<keyof Required<TriggerDagRunSpec>, true> = {
  taskId: true,
  dagId: true,
  runId: true,
  conf: true,
  resetDagRun: true,
  waitForCompletion: true,
  pokeInterval: true,
  allowedStates: true,
  failedStates: true,
  skipWhenAlreadyExists: true,
  failWhenDagIsPaused: true,
  note: true,
  deferrable: true,
};

/** The operator behind `dag.triggerDagRun`. As in Airflow, the logical date of the run is the moment at which it is triggered. */
export function triggerOperator(dagId: string, spec: TriggerDagRunSpec): Operator<Record<string, never>, TriggeredRun> {
  checkSpec(dagId, spec);
  const { pokeInterval, allowedStates } = spec;
  const operator = triggerDagRun(spec.taskId, {
    dagId: spec.dagId,
    conf: spec.conf === undefined ? undefined : { ...spec.conf },
    runId: spec.runId === "" ? undefined : spec.runId,
    logicalDate: () => new Date(taskNowMs()),
    waitForCompletion: spec.waitForCompletion,
    pokeInterval: pokeInterval === undefined ? undefined : pokeInterval * 1000,
    // As in Airflow, no states at all are the usual ones.
    allowedStates: allowedStates?.length === 0 ? undefined : allowedStates,
    failedStates: spec.failedStates,
  });
  const { handler } = operator[OPERATOR];
  const trigger = async (inputs: never) => {
    const run = (await handler!(inputs)) as TriggeredRun;
    await getClient().xcom.set("trigger_run_id", run.runId);
    return run;
  };
  return { [OPERATOR]: { ...operator[OPERATOR], handler: spec.skipWhenAlreadyExists === true ? skippingExisting(trigger) : trigger } };
}

function skippingExisting(trigger: (inputs: never) => Promise<TriggeredRun>): (inputs: never) => Promise<TriggeredRun> {
  return async (inputs) => {
    try {
      return await trigger(inputs);
    } catch (error) {
      if (hasErrorCode(error, "dag_run_already_exists")) throw new SkipTask("the run exists already");
      throw error;
    }
  };
}

function checkSpec(dagId: string, spec: TriggerDagRunSpec): void {
  const wrong = (why: string) => definitionError(`triggerDagRun() in DAG "${dagId}" ${why}`, { dagId, taskId: spec?.taskId });
  for (const name of ["taskId", "dagId"] as const) {
    if (typeof spec?.[name] !== "string" || spec[name] === "")
      throw wrong(`needs a ${name}. Write triggerDagRun({ taskId: "refresh", dagId: "dashboards" }).`);
  }
  const unknown = Object.keys(spec).find((name) => !Object.hasOwn(KNOWN, name));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, Object.keys(KNOWN));
    throw wrong(`has the option "${unknown}", which it does not know${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`);
  }
  for (const name of ["resetDagRun", "failWhenDagIsPaused"] as const) {
    if (spec[name] === true) throw wrong(`has ${name}, which Tradewind does not do. Leave it out, or give each run a runId of its own.`);
  }
}
