import { TradewindError } from "./errors.ts";
import { MAX_KEY_LENGTH } from "./keys.ts";
import { pythonIso } from "./python-iso.ts";
import { DAG_RUN_TYPES, type DagRunType } from "./states.ts";

/** Airflow's `[scheduler] allowed_run_id_pattern`. */
export const DEFAULT_ALLOWED_RUN_ID_PATTERN = "^[A-Za-z0-9_.~:+-]+$";

/**
 * The id of a run that nobody named: `scheduled__2026-01-01T00:00:00+00:00`. A run without a logical date may share its `runAfter` with another one, so
 * it gets a suffix.
 * @param suffix Random letters, used only without a logical date.
 */
export function makeRunId(run: { runType: DagRunType; runAfter: Date; logicalDate: Date | null; suffix: string }): string {
  const id = `${run.runType}__${pythonIso(run.runAfter)}`;
  return run.logicalDate === null ? `${id}_${run.suffix}` : id;
}

/** The type that a run id looks like; an id of no known form looks like a manual one. */
export function runTypeOfRunId(runId: string): DagRunType {
  return DAG_RUN_TYPES.find((type) => runId.startsWith(`${type}__`)) ?? "manual";
}

/**
 * Checks an id that a person gave to a run.
 * @param allowedPattern A regular expression; matched from the start of the id.
 * @throws TradewindError `invalid_run_id`
 */
export function assertRunId(
  runId: string,
  { runType, allowedPattern = DEFAULT_ALLOWED_RUN_ID_PATTERN }: { runType: DagRunType; allowedPattern?: string },
): void {
  const problem = findProblem(runId, runType, allowedPattern);
  if (problem !== null) throw new TradewindError("invalid_run_id", `The run id "${runId}" ${problem}.`, { details: { runId, runType } });
}

function findProblem(runId: string, runType: DagRunType, allowedPattern: string): string | null {
  if (runId.length > MAX_KEY_LENGTH) return `has ${runId.length} characters, more than ${MAX_KEY_LENGTH}`;
  if (runId === "." || runId === "..") return "is a path of dots, which no URL can name";
  if (new RegExp(`^(?:${allowedPattern})`, "u").exec(runId) === null) return `does not match the allowed pattern ${allowedPattern}`;
  const looksLike = runTypeOfRunId(runId);
  if (runType === "manual" && looksLike !== "manual") return `is kept for ${looksLike} runs; a manual run may not begin with "${looksLike}__"`;
  return null;
}
