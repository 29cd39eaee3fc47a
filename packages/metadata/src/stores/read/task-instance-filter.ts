import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { type Fragment, hasStateIn, isEqual, isOneOf, isWithin, matchesPattern, matchesPrefix, type Range, select, where } from "./list-query.ts";

/** Seconds; until now while it runs. */
export const durationSql = "coalesce(ti.duration, case when ti.state = 'running' then extract(epoch from now() - ti.start_date)::float8 end)";

/** From where on a duration is in `task_instance.long_duration`, which has an index. */
export const LONG_SECONDS = 60;

export interface TaskInstanceFilter {
  dagId?: string | undefined;
  runId?: string | undefined;
  taskId?: string | undefined;
  dagIds?: readonly string[] | undefined;
  runIds?: readonly string[] | undefined;
  taskIds?: readonly string[] | undefined;
  states?: readonly (string | null)[] | undefined;
  pools?: readonly string[] | undefined;
  queues?: readonly string[] | undefined;
  executors?: readonly string[] | undefined;
  operators?: readonly string[] | undefined;
  mapIndexes?: readonly number[] | undefined;
  /** Only instances of mapped tasks that were expanded. */
  expanded?: boolean | undefined;
  tryNumbers?: readonly number[] | undefined;
  versionNumbers?: readonly number[] | undefined;
  runAfter?: Range<Date> | undefined;
  logicalDate?: Range<Date> | undefined;
  startDate?: Range<Date> | undefined;
  endDate?: Range<Date> | undefined;
  updatedAt?: Range<Date> | undefined;
  /** Seconds. */
  duration?: Range<number> | undefined;
  dagIdPattern?: string | undefined;
  dagIdPrefixPattern?: string | undefined;
  runIdPattern?: string | undefined;
  runIdPrefixPattern?: string | undefined;
  taskIdPattern?: string | undefined;
  taskIdPrefixPattern?: string | undefined;
  poolPattern?: string | undefined;
  poolPrefixPattern?: string | undefined;
  queuePattern?: string | undefined;
  queuePrefixPattern?: string | undefined;
  operatorPattern?: string | undefined;
  operatorPrefixPattern?: string | undefined;
  renderedMapIndexPattern?: string | undefined;
  renderedMapIndexPrefixPattern?: string | undefined;
}

/** With `dagId` and `runId` the run is looked up first, by its unique index. */
function isOfOneRun({ dagId, runId }: TaskInstanceFilter): Fragment | undefined {
  if (dagId === undefined || runId === undefined) return undefined;
  return sql`ti.dag_run_id = (select one.id from dag_run one where one.dag_id = ${dagId} and one.run_id = ${runId})`;
}

/** Tasks by name in all DAGs, in the words of the index `task_instance_by_task_id`, which is for nothing else. With a DAG there is a better one. */
function taskHint({ dagId, dagIds, taskId, taskIds }: TaskInstanceFilter): Fragment | undefined {
  if (dagId !== undefined || (dagIds !== undefined && dagIds.length > 0)) return undefined;
  return isOneOf("(ti.task_id || '')", "text", taskId === undefined ? taskIds : [taskId]);
}

function ownConditions(filter: TaskInstanceFilter): (Fragment | undefined)[] {
  const ofOneRun = isOfOneRun(filter);
  return [
    ofOneRun,
    areAllListed(filter.states) ? hasStateIn("ti.listed_state", filter.states) : undefined,
    ...(ofOneRun === undefined ? [stateHint(filter.states), durationHint(filter.duration), taskHint(filter), ...valueHints(filter)] : []),
    isEqual("ti.dag_id", filter.dagId),
    isEqual("ti.task_id", filter.taskId),
    isOneOf("ti.dag_id", "text", filter.dagIds),
    isOneOf("ti.task_id", "text", filter.taskIds),
    areAllListed(filter.states) ? undefined : hasStateIn("ti.state", filter.states),
    isOneOf("ti.pool", "text", filter.pools),
    isOneOf("ti.queue", "text", filter.queues),
    isOneOf("ti.executor", "text", filter.executors),
    isOneOf("ti.operator", "text", filter.operators),
    isOneOf("ti.map_index", "int", filter.mapIndexes),
    filter.expanded === true ? sql`ti.map_index >= 0` : undefined,
    isOneOf("ti.try_number", "int", filter.tryNumbers),
    versionCondition(filter.versionNumbers),
    isWithin("ti.start_date", filter.startDate),
    isWithin("ti.end_date", filter.endDate),
    isWithin("ti.updated_at", filter.updatedAt),
    isWithin(durationSql, filter.duration),
    matchesPattern("ti.task_id", filter.taskIdPattern),
    matchesPrefix("ti.task_id", filter.taskIdPrefixPattern),
    matchesPattern("ti.pool", filter.poolPattern),
    matchesPrefix("ti.pool", filter.poolPrefixPattern),
    matchesPattern("ti.queue", filter.queuePattern),
    matchesPrefix("ti.queue", filter.queuePrefixPattern),
    matchesPattern("ti.operator", filter.operatorPattern),
    matchesPrefix("ti.operator", filter.operatorPrefixPattern),
    matchesPattern("ti.rendered_map_index", filter.renderedMapIndexPattern),
    matchesPrefix("ti.rendered_map_index", filter.renderedMapIndexPrefixPattern),
  ];
}

/** What only the run's row tells: as a condition on the runs' ids, which lie side by side, as the task instances do that were made with them. */
function ofRuns(filter: TaskInstanceFilter): (Fragment | undefined)[] {
  const conditions = [
    filter.dagId === undefined ? isEqual("r.run_id", filter.runId) : undefined,
    isOneOf("r.run_id", "text", filter.runIds),
    isWithin("r.run_after", filter.runAfter),
    isWithin("r.logical_date", filter.logicalDate),
    matchesPattern("r.run_id", filter.runIdPattern),
    matchesPrefix("r.run_id", filter.runIdPrefixPattern),
  ].filter((condition) => condition !== undefined);
  if (conditions.length === 0) return [];
  const runs = sql`from dag_run r ${where(conditions)}`;
  return [sql`ti.dag_run_id in (select r.id ${runs})`, sql`ti.dag_run_id between (select min(r.id + 0) ${runs}) and (select max(r.id + 0) ${runs})`];
}

function versionCondition(versionNumbers: readonly number[] | undefined): Fragment | undefined {
  const asked = isOneOf("v.version_number", "int", versionNumbers);
  return asked && sql`exists (select 1 from dag_version v where v.id = ti.dag_version_id and ${asked})`;
}

/** What was asked for as conditions of statements over `task_instance ti`. */
export interface TaskInstanceConditions {
  all: readonly Fragment[];
  /** What matches lies together, where no index that gives an order begins. */
  isRange: boolean;
  /** Something lists the states that are asked for. */
  isListed: boolean;
  /** All of it lies in one run: found by its unique index, whatever else is asked for. */
  isOfOneRun: boolean;
}

/** @returns undefined: nothing can match. */
export async function taskInstanceConditions(db: Queryable, filter: TaskInstanceFilter): Promise<TaskInstanceConditions | undefined> {
  const dagIds = await matchingDagIds(db, filter);
  if (dagIds?.length === 0) return undefined;
  const { startDate, endDate, updatedAt } = filter;
  return {
    all: [isOneOf("ti.dag_id", "text", dagIds), ...ownConditions(filter), ...ofRuns(filter)].filter((condition) => condition !== undefined),
    isListed: areAllListed(filter.states) || stateHint(filter.states) !== undefined,
    isRange: ofRuns(filter).length > 0 || [startDate, endDate, updatedAt].some((range) => range !== undefined),
    isOfOneRun: isOfOneRun(filter) !== undefined,
  };
}

/** Patterns are held against the ids of all DAGs, not against those of all task instances. */
async function matchingDagIds(db: Queryable, { dagIdPattern, dagIdPrefixPattern }: TaskInstanceFilter): Promise<string[] | undefined> {
  const conditions = [matchesPattern("d.dag_id", dagIdPattern), matchesPrefix("d.dag_id", dagIdPrefixPattern)];
  if (conditions.every((condition) => condition === undefined)) return undefined;
  const rows = await select<{ dagId: string }>(db, sql`select d.dag_id as "dagId" from dag d ${where(conditions)}`);
  return rows.map(({ dagId }) => dagId);
}

/** Where the instances in a state are listed: the small tables of what is alive have them all, and `listed_state` has what did not go well. */
const LISTED_IN: Readonly<Record<string, "task_queue" | "lease" | "task_timer" | "listed_state">> = {
  scheduled: "task_queue",
  queued: "lease",
  running: "lease",
  restarting: "lease",
  up_for_retry: "task_timer",
  up_for_reschedule: "task_timer",
  failed: "listed_state",
  upstream_failed: "listed_state",
  skipped: "listed_state",
  removed: "listed_state",
  deferred: "listed_state",
  awaiting_input: "listed_state",
};

/**
 * `task_instance` has no index on its state, which every transition changes. So beside the condition itself stands another one, which is true of the same rows and which an index can
 * answer. There is none for `success`, which nearly all rows have: those are found by looking.
 */
function stateHint(states: readonly (string | null)[] | undefined): Fragment | undefined {
  if (states === undefined || states.length === 0 || areAllListed(states)) return undefined;
  const places = states.map((state) => (state === null ? "unfinished" : LISTED_IN[state]));
  if (places.includes(undefined)) return undefined;
  const hints = [...new Set(places)].map((place) => {
    if (place === "listed_state") return sql`ti.listed_state = any(${states.filter((state) => state !== null)}::text[])`;
    if (place === "unfinished") {
      return sql`ti.dag_run_id = any(array(select id from dag_run where state in ('queued', 'running') union all select id from dag_run where ended_unfinished))`;
    }
    return sql`ti.id = any(array(select task_instance_id from ${sql.table(place!)}))`;
  });
  return sql`(${sql.join(hints, sql` or `)})`;
}

/** What did not go well is counted in its index alone. */
function areAllListed(states: readonly (string | null)[] | undefined): boolean {
  return states !== undefined && states.length > 0 && states.every((state) => state !== null && LISTED_IN[state] === "listed_state");
}

/** Long ones have an index; what still runs is few. */
function durationHint(range: Range<number> | undefined): Fragment | undefined {
  const least = range?.gte ?? range?.gt;
  if (least === undefined || least < LONG_SECONDS) return undefined;
  return sql`(ti.long_duration >= ${least} or ti.id = any(array(select task_instance_id from lease)))`;
}

/** What nearly all instances have is not in the indexes by pool, queue and operator; this says that it is not asked for. */
function valueHints({ pools, queues, operators }: TaskInstanceFilter): (Fragment | undefined)[] {
  const hint = (column: string, usual: string, asked: readonly string[] | undefined): Fragment | undefined =>
    asked === undefined || asked.length === 0 || asked.includes(usual) ? undefined : sql`${sql.raw(column)} <> ${sql.lit(usual)}`;
  return [hint("ti.pool", "default_pool", pools), hint("ti.queue", "default", queues), hint("ti.operator", "task", operators)];
}
