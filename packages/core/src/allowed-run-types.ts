import type { DagSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import type { DagRunType } from "./states.ts";

/** Whether a DAG may have new runs of this type: all, unless it names those it may have. Airflow's allowed_run_types. */
export function allowsRunType({ allowedRunTypes }: Pick<DagSpec, "allowedRunTypes">, runType: DagRunType): boolean {
  return allowedRunTypes === undefined || allowedRunTypes.includes(runType);
}

/**
 * For whoever makes a run.
 * @throws TradewindError `run_type_not_allowed`
 */
export function assertRunTypeAllowed(spec: Pick<DagSpec, "dagId" | "allowedRunTypes">, runType: DagRunType): void {
  if (allowsRunType(spec, runType)) return;
  const { dagId, allowedRunTypes } = spec;
  throw new TradewindError(
    "run_type_not_allowed",
    `Tried to make a ${runType} run of DAG "${dagId}", which allows only ${allowedRunTypes!.join(", ")} runs (its option allowedRunTypes).`,
    { details: { dagId, runType, allowedRunTypes: [...allowedRunTypes!] } },
  );
}
