import { type DagRunState, type Duration, parseDuration, type TaskInstanceState, TradewindError } from "@tradewind/core";
import { taskScope } from "../context.ts";
import { definitionError } from "../definition-error.ts";
import { FailTask, SkipTask } from "../errors.ts";
import type { NoInputs } from "../inputs.ts";
import { type Instant, readInstant } from "../instant.ts";
import { type Operator, renderTemplate, type TemplateContext, type Templated } from "../operator.ts";
import type { TaskStatesAnswer, TaskStatesQuery } from "../runtime.ts";
import { makeSensor } from "./sensor.ts";
import type { SensorOptions } from "./sensor-options.ts";

type ExternalState = TaskInstanceState | DagRunState;

export interface ExternalTaskSensorOptions<Inputs = NoInputs> extends SensorOptions {
  /** The DAG to look at. Airflow's external_dag_id. */
  dagId: Templated<string, Inputs>;
  /** A task of it. Without this, `taskIds` and `taskGroupId` its run as a whole is waited for. */
  taskId?: Templated<string, Inputs>;
  taskIds?: Templated<readonly string[], Inputs>;
  /** All tasks of a group, and of the groups in it. */
  taskGroupId?: Templated<string, Inputs>;
  /** States with which the sensor goes on, once all are in one of them. Default `["success"]`. */
  allowedStates?: readonly ExternalState[];
  /** States any of which fails the sensor for good. Default: none, it waits on, since a failed task may be cleared. */
  failedStates?: readonly ExternalState[];
  /** States any of which skips the sensor. Default: none. */
  skippedStates?: readonly ExternalState[];
  /** The run to look at is that of this much earlier; negative times can't be given, see `logicalDates`. Default: of the same logical date. Airflow's execution_delta. */
  executionDelta?: Duration;
  /** The logical dates of the runs to look at, all of which are waited for. Airflow's execution_date_fn. */
  logicalDates?: (context: TemplateContext<Inputs>) => Instant | readonly Instant[] | Promise<Instant | readonly Instant[]>;
  /** The run to look at, in place of one by its logical date. */
  runId?: Templated<string, Inputs>;
  /** Fail at the first poke when the DAG, a task or the group does not exist. Default false: wait for them as well. */
  checkExistence?: boolean;
}

/**
 * Waits for a task, several, a task group or a whole run of another DAG (or of this one, at another date). Airflow's ExternalTaskSensor.
 *
 * @example
 * dag.add(externalTaskSensor("orders_loaded", { dagId: "load_orders", taskId: "publish", executionDelta: "1h", failedStates: ["failed"], mode: "reschedule" }));
 * @example
 * dag.add(externalTaskSensor("last_week", { dagId: "daily_sales", logicalDates: ({ logicalDate }) => [1, 2, 3].map((days) => new Date(logicalDate!.getTime() - days * 86_400_000)) }));
 */
export function externalTaskSensor<Inputs = NoInputs>(taskId: string, options: ExternalTaskSensorOptions<Inputs>): Operator<Inputs, null> {
  const {
    dagId,
    taskId: one,
    taskIds,
    taskGroupId,
    allowedStates,
    failedStates,
    skippedStates,
    executionDelta,
    logicalDates,
    runId,
    ...more
  } = options;
  const { checkExistence, ...rest } = more;
  const judge: StateRules = { allowed: allowedStates ?? ["success"], failed: failedStates ?? [], skipped: skippedStates ?? [] };
  checkOptions(taskId, options, judge);
  const deltaMs = executionDelta === undefined ? 0 : parseDuration(executionDelta, `executionDelta of sensor "${taskId}"`);
  const what = { dagId, taskId: one, taskIds, taskGroupId, runId, logicalDates };
  return makeSensor<Inputs, null>(taskId, "external_task_sensor", rest, async (context) => {
    const queries = await readQueries(what, deltaMs, context);
    const isFirst = context.attempt.rescheduleCount === 0;
    let all = true;
    for (const query of queries) {
      const answer = await askStates(query);
      if (checkExistence === true && isFirst) assertExists(query, answer, taskId);
      all = judgeAnswer(query, answer, judge, context) && all;
    }
    return all;
  });
}

interface StateRules {
  allowed: readonly string[];
  failed: readonly string[];
  skipped: readonly string[];
}

function checkOptions(taskId: string, options: ExternalTaskSensorOptions<never> | ExternalTaskSensorOptions<unknown>, rules: StateRules): void {
  const wrong = (problem: string) => definitionError(`Sensor "${taskId}" ${problem}`, { taskId });
  const targets = [options.taskId, options.taskIds, options.taskGroupId].filter((one) => one !== undefined);
  if (targets.length > 1)
    throw wrong("has more than one of taskId, taskIds and taskGroupId. Give one of them, or none to wait for the run as a whole.");
  const dates = [options.executionDelta, options.logicalDates, options.runId].filter((one) => one !== undefined);
  if (dates.length > 1)
    throw wrong("has more than one of executionDelta, logicalDates and runId. Give one of them, or none for the run of the same logical date.");
  const lists = [...new Set(rules.allowed), ...new Set(rules.failed), ...new Set(rules.skipped)];
  const twice = lists.find((state, index) => lists.indexOf(state) !== index);
  if (twice !== undefined) throw wrong(`has the state "${twice}" in more than one of allowedStates, failedStates and skippedStates.`);
}

type Target<Inputs> = Pick<ExternalTaskSensorOptions<Inputs>, "dagId" | "taskId" | "taskIds" | "taskGroupId" | "runId" | "logicalDates">;

async function readQueries<Inputs>(what: Target<Inputs>, deltaMs: number, context: TemplateContext<Inputs>): Promise<TaskStatesQuery[]> {
  const render = async <T>(option: Templated<T, Inputs> | undefined): Promise<T | undefined> =>
    option === undefined ? undefined : renderTemplate(option, context, "option");
  const one = await render(what.taskId);
  const taskIds = one === undefined ? await render(what.taskIds) : [one];
  const base = {
    dagId: await renderTemplate(what.dagId, context, "dagId"),
    taskIds: taskIds && [...new Set(taskIds)],
    taskGroupId: await render(what.taskGroupId),
  };
  const runId = await render(what.runId);
  if (runId !== undefined) return [{ ...base, runId }];
  const dates = what.logicalDates === undefined ? [ownDate(context, deltaMs)] : [await what.logicalDates(context)].flat();
  return dates.map((date) => ({
    ...base,
    logicalDate: readInstant(date, "UTC", `logical date that sensor "${context.task.taskId}" looks for`),
  }));
}

function ownDate({ logicalDate, task, run }: TemplateContext<unknown>, deltaMs: number): Date {
  if (logicalDate !== null) return new Date(logicalDate.getTime() - deltaMs);
  throw new FailTask(
    `Sensor "${task.taskId}" looks for a run of the same logical date, and run "${run.runId}" has none. Trigger it with a logical date, or give the sensor a runId or logicalDates.`,
  );
}

async function askStates(query: TaskStatesQuery): Promise<TaskStatesAnswer> {
  const { runtime } = taskScope("a sensor");
  if (runtime.getTaskInstanceStates !== undefined) return runtime.getTaskInstanceStates(query);
  throw new TradewindError(
    "invalid_request",
    `The states of DAG "${query.dagId}" can't be looked up here: whoever runs this task knows no other runs. In a test, give the sensor a mock.`,
  );
}

function assertExists({ dagId, taskIds, taskGroupId }: TaskStatesQuery, { dagFound, unknownIds }: TaskStatesAnswer, sensorId: string): void {
  if (!dagFound) throw new FailTask(`Sensor "${sensorId}" waits for DAG "${dagId}", which does not exist. Check its id.`);
  if (unknownIds.length === 0) return;
  const kind = taskGroupId === undefined || taskIds !== undefined ? "task" : "task group";
  throw new FailTask(
    `Sensor "${sensorId}" waits for the ${kind} ${unknownIds.map((id) => `"${id}"`).join(", ")} of DAG "${dagId}", which it does not have. Check the id, with the prefix of its groups.`,
  );
}

/** Whether this run is as it should be. As Airflow: a failed state counts before a skipped one, and both before "not yet". */
function judgeAnswer(
  query: TaskStatesQuery,
  { run, unknownIds, tasks }: TaskStatesAnswer,
  rules: StateRules,
  context: TemplateContext<unknown>,
): boolean {
  const where = `${query.runId === undefined ? `the run of ${query.logicalDate}` : `run "${query.runId}"`} of DAG "${query.dagId}"`;
  const ofTasks = query.taskIds !== undefined || query.taskGroupId !== undefined;
  const states = ofTasks
    ? tasks.map(({ taskId, mapIndex, state }) => ({ name: mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`, state }))
    : run === null
      ? []
      : [{ name: "the run", state: run.state }];
  const inAny = (list: readonly string[]) => states.filter(({ state }) => state !== null && list.includes(state));
  const shown = (some: typeof states) =>
    some
      .slice(0, 10)
      .map(({ name, state }) => `${name} is ${state ?? "not scheduled"}`)
      .join(", ");
  const [failed, skipped, allowed] = [inAny(rules.failed), inAny(rules.skipped), inAny(rules.allowed)];
  if (failed.length > 0) throw new FailTask(`In ${where} ${shown(failed)}, so sensor "${context.task.taskId}" fails.`);
  if (skipped.length > 0) throw new SkipTask(`in ${where} ${shown(skipped)}`);
  const found = run === null ? "there is no such run yet" : states.length === 0 ? "there are no such tasks yet" : shown(states);
  context.log.info(`In ${where}: ${found}`);
  return states.length > 0 && unknownIds.length === 0 && allowed.length === states.length;
}
