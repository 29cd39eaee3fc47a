import {
  assertRunId,
  assertRunTypeAllowed,
  type DagSpec,
  type Json,
  makeRunId,
  manualInterval,
  resolveParams,
  type SchemaValidator,
  TradewindError,
} from "@tradewind/core";
import type { TriggerOptions } from "../engine.ts";

/** A run that somebody triggered, worked out and found acceptable. */
export interface ManualRun {
  runId: string;
  /** False: nobody chose the id, so another may be taken when it is in use. */
  isRunIdGiven: boolean;
  runType: "manual" | "operator_triggered";
  logicalDate: Date | null;
  dataInterval: { start: Date; end: Date } | null;
  runAfter: Date;
  /** As it was given; the DAG's defaults are merged in where the params are read. */
  conf: { [key: string]: Json };
}

export interface ManualRunSettings {
  now: Date;
  /** Random letters, for the id of a run without a logical date. */
  suffix: string;
  validate: SchemaValidator;
  /** Airflow's `[scheduler] allowed_run_id_pattern`. */
  allowedRunIdPattern?: string;
}

/**
 * What a triggered run is, as Airflow makes it:
 * - A logical date that is null gives a run without date and data interval, which may begin now. An absent one is now.
 * - The data interval is the given one, else the timetable's manual interval at the logical date.
 * - It may begin at `runAfter`; else, if a logical date was given, at the end of its interval (so one in the future waits); else now.
 * - Without an id it is `manual__<runAfter>`, with random letters after it when there is no logical date.
 *
 * @throws TradewindError `run_type_not_allowed`, `validation_failed`, `invalid_run_id`, `invalid_params`
 */
export function planManualRun(
  spec: DagSpec,
  options: Pick<TriggerOptions, "logicalDate" | "dataInterval" | "runAfter" | "runId" | "conf" | "runType">,
  { now, suffix, validate, allowedRunIdPattern }: ManualRunSettings,
): ManualRun {
  const { dagId } = spec;
  const { runType = "manual", conf = {} } = options;
  const logicalDate = options.logicalDate === undefined ? now : options.logicalDate;
  assertRunTypeAllowed(spec, runType);
  checkInterval(dagId, options.dataInterval);
  const dataInterval = logicalDate === null ? null : (options.dataInterval ?? manualInterval(spec.schedule, logicalDate));
  const isDateGiven = options.logicalDate !== undefined && dataInterval !== null && options.dataInterval === undefined;
  const runAfter = options.runAfter ?? (isDateGiven ? dataInterval.end : now);
  if (options.runId !== undefined)
    assertRunId(options.runId, { runType, ...(allowedRunIdPattern !== undefined && { allowedPattern: allowedRunIdPattern }) });
  resolveParams({ dagId, params: spec.params, conf, validate });
  return {
    runId: options.runId ?? makeRunId({ runType, runAfter, logicalDate, suffix }),
    isRunIdGiven: options.runId !== undefined,
    runType,
    logicalDate,
    dataInterval,
    runAfter,
    conf,
  };
}

function checkInterval(dagId: string, interval: { start: Date; end: Date } | undefined): void {
  if (interval === undefined || interval.start <= interval.end) return;
  throw new TradewindError(
    "validation_failed",
    `Tried to trigger DAG "${dagId}" with a data interval from ${interval.start.toISOString()} to ${interval.end.toISOString()}, which is earlier. Exchange the two.`,
    { details: { dagId } },
  );
}
