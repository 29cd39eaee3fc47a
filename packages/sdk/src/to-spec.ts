import { assertJson, DAG_RUN_TYPES, DAG_SPEC_VERSION, type DagSpec, errorMessage, parseDuration } from "@tradewind/core";
import { callbackProblem, dagCallbacksIn } from "./callback-options.ts";
import type { AnyDag } from "./collect-dags.ts";
import type { DagOptions } from "./dag-options.ts";
import { DAG, type DagDefinition } from "./definition.ts";
import { blaming, definitionError, nearestAndAll, show } from "./definition-error.ts";
import { checkTimezone, readInstant } from "./instant.ts";
import { checkDefaults, readParams } from "./params.ts";
import { readSchedule } from "./schedule.ts";
import { SPEC_DEFAULTS, type SpecDefaults } from "./spec-defaults.ts";
import { groupSpecs, type TaskSurroundings, taskSpecs } from "./task-specs.ts";

const DEFAULT_OWNER = "tradewind";

/**
 * The DAG as plain JSON: complete, with every default filled in and edges to groups resolved to tasks. The same file and the same defaults give the same spec.
 * @param defaults What the installation says where the author says nothing. Default: `SPEC_DEFAULTS`.
 * @throws TradewindError `invalid_dag`, `invalid_timetable`, `invalid_duration`, `invalid_date`; the stack points at the author's line where one is known
 */
export function toSpec(dag: AnyDag, defaults: SpecDefaults = SPEC_DEFAULTS): DagSpec {
  const definition = dag[DAG];
  return blaming(definition.site, () => specOf(definition, defaults));
}

function specOf(definition: DagDefinition, defaults: SpecDefaults): DagSpec {
  const { dagId, options } = definition;
  checkDagOptions(definition);
  const timezone = options.timezone ?? canonicalZone(defaults.timezone);
  const owner = options.owner ?? DEFAULT_OWNER;
  const schedule = readSchedule(options.schedule, timezone);
  const instant = (name: "startDate" | "endDate") =>
    options[name] === undefined ? null : readInstant(options[name], timezone, `${name} of DAG "${dagId}"`);
  const around: TaskSurroundings = { ...defaults, owner, timezone, schedule };
  const spec: DagSpec = {
    specVersion: DAG_SPEC_VERSION,
    dagId,
    displayName: options.displayName ?? null,
    description: options.description ?? null,
    doc: options.doc ?? null,
    owner,
    tags: [...new Set(options.tags)].sort(),
    schedule,
    startDate: instant("startDate"),
    endDate: instant("endDate"),
    catchup: options.catchup ?? defaults.catchup,
    maxActiveRuns: options.maxActiveRuns ?? (schedule.kind === "continuous" ? 1 : defaults.maxActiveRuns),
    maxActiveTasks: options.maxActiveTasks ?? defaults.maxActiveTasks,
    maxConsecutiveFailedDagRuns: options.maxConsecutiveFailedDagRuns ?? defaults.maxConsecutiveFailedDagRuns,
    dagrunTimeoutMs: options.dagrunTimeout === undefined ? null : parseDuration(options.dagrunTimeout, `dagrunTimeout of DAG "${dagId}"`),
    failFast: options.failFast ?? false,
    callbacks: dagCallbacksIn(options),
    isPausedUponCreation: options.isPausedUponCreation ?? null,
    ...(options.allowedRunTypes !== undefined && { allowedRunTypes: DAG_RUN_TYPES.filter((type) => options.allowedRunTypes!.includes(type)) }),
    ...paramsOf(dagId, options.params, schedule.kind !== "none"),
    groups: groupSpecs(definition, around),
    tasks: taskSpecs(definition, around),
  };
  checkSpec(spec);
  return spec;
}

/** The order is said only where it is not the alphabetical one, which is how names come back from stored JSON. */
function paramsOf(dagId: string, definitions: DagOptions["params"], isScheduled: boolean): Pick<DagSpec, "params" | "paramOrder"> {
  const params = readParams(dagId, definitions);
  if (isScheduled) checkDefaults(dagId, params);
  const names = Object.keys(params);
  const isSorted = names.every((name, index) => index === 0 || names[index - 1]! < name);
  return isSorted ? { params } : { params, paramOrder: names };
}

/** Airflow's default is written "utc"; in specs that zone has one name. */
function canonicalZone(timezone: string): string {
  return timezone.toUpperCase() === "UTC" ? "UTC" : timezone;
}

function checkDagOptions({ dagId, options }: DagDefinition): void {
  const wrong = (name: string, why: string) =>
    definitionError(`Option "${name}" of DAG "${dagId}" is ${show((options as Record<string, unknown>)[name])}: it ${why}.`, { dagId });
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTION_CHECKS, name));
  if (unknown !== undefined) throw wrong(unknown, `is not an option of a DAG${nearestAndAll(unknown, Object.keys(OPTION_CHECKS))}`);
  for (const [name, check] of Object.entries(OPTION_CHECKS)) {
    const value = options[name as keyof DagOptions];
    if (value === undefined || check === null) continue;
    const problem = check(value);
    if (problem !== null) throw wrong(name, problem);
  }
  if (options.timezone !== undefined) checkTimezone(options.timezone, `DAG "${dagId}"`);
}

type Check = (value: unknown) => string | null;
const isText: Check = (value) => (typeof value === "string" ? null : "must be a text");
const isBoolean: Check = (value) => (typeof value === "boolean" ? null : "must be true or false");
const isObject: Check = (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? null : "must be an object");
const isTags: Check = (value) =>
  Array.isArray(value) && value.every((tag) => typeof tag === "string" && tag !== "" && tag.length <= 100)
    ? null
    : "must be a list of texts of 1 to 100 characters";
const isRunTypes: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((type) => (DAG_RUN_TYPES as readonly unknown[]).includes(type))
    ? null
    : `must be a list of one or more of ${DAG_RUN_TYPES.join(", ")}`;
const isCount =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least ? null : `must be a whole number of ${least} or more`;

/** null: read and checked by its own reader. */
const OPTION_CHECKS: Record<keyof DagOptions, Check | null> = {
  schedule: null,
  startDate: null,
  endDate: null,
  catchup: isBoolean,
  timezone: null,
  displayName: isText,
  description: isText,
  doc: isText,
  owner: isText,
  tags: isTags,
  maxActiveRuns: isCount(1),
  maxActiveTasks: isCount(1),
  dagrunTimeout: null,
  maxConsecutiveFailedDagRuns: isCount(0),
  failFast: isBoolean,
  isPausedUponCreation: isBoolean,
  allowedRunTypes: isRunTypes,
  onSuccess: callbackProblem,
  onFailure: callbackProblem,
  params: isObject,
  defaultArgs: isObject,
};

function checkSpec(spec: DagSpec): void {
  const { dagId } = spec;
  if (spec.schedule.kind === "continuous" && spec.maxActiveRuns !== 1) {
    throw definitionError(
      `DAG "${dagId}" has a continuous schedule and maxActiveRuns ${spec.maxActiveRuns}. Runs of a continuous DAG follow each other; set maxActiveRuns to 1, or leave it out.`,
      { dagId },
    );
  }
  if (spec.startDate !== null && spec.endDate !== null && spec.endDate < spec.startDate) {
    throw definitionError(`DAG "${dagId}" ends (${spec.endDate}) before it starts (${spec.startDate}). Exchange startDate and endDate.`, { dagId });
  }
  try {
    assertJson(spec);
  } catch (cause) {
    throw definitionError(`DAG "${dagId}" can't be written as JSON: ${errorMessage(cause)}`, { dagId, cause });
  }
}
