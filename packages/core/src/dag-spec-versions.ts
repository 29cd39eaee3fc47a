import { DAG_SPEC_VERSION, type DagSpec, type TaskSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";

/** The fields that version 2 brought to tasks, with what they were in version 1: not there. */
const TASK_FIELDS_OF_2: Partial<TaskSpec> = {
  isSetup: false,
  isTeardown: false,
  setups: [],
  onFailureFailDagRun: false,
  sensor: null,
  callbacks: [],
  ignoreFirstDependsOnPast: true,
};

const GROUP_FIELDS_OF_2 = { inputs: {}, mapping: null, loop: null, retries: 0, retryDelayMs: 300_000 };

/**
 * A stored spec as this release understands it. Versions of a DAG are kept for ever, and a run may belong to one that an older release stored.
 * @throws TradewindError `invalid_dag_spec` for one of a later release
 */
export function readDagSpec(json: string): DagSpec {
  return upgradeDagSpec(JSON.parse(json) as { specVersion: number });
}

export function upgradeDagSpec(stored: { specVersion: number }): DagSpec {
  if (stored.specVersion === DAG_SPEC_VERSION) return stored as DagSpec;
  if (stored.specVersion !== 1) {
    throw new TradewindError(
      "invalid_dag_spec",
      `Tried to read a stored DAG spec of version ${stored.specVersion}; this release knows versions up to ${DAG_SPEC_VERSION}. Run the release that stored it, or a later one.`,
      { details: { specVersion: stored.specVersion } },
    );
  }
  const old = stored as unknown as DagSpec;
  return {
    ...old,
    specVersion: DAG_SPEC_VERSION,
    callbacks: old.callbacks ?? [],
    groups: old.groups.map((group) => ({ ...GROUP_FIELDS_OF_2, ...group })),
    tasks: old.tasks.map((task) => ({ ...TASK_FIELDS_OF_2, ...task })),
  };
}
