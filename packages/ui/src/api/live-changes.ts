import type { Query } from "@tanstack/react-query";

/** What the server tells of a change: ids, and words for what is told of as a whole. */
export interface LiveChange {
  runs?: { dag_id: string; dag_run_id: string }[];
  dags?: string[];
  any_run?: true;
  any_dag?: true;
  import_errors?: true;
  pools?: true;
  variables?: true;
  connections?: true;
  workers?: true;
  users?: true;
  event_logs?: true;
}

/** Queries about one of these look at nothing else. */
const SUBJECT_OF_KEY: Readonly<Record<string, keyof LiveChange>> = {
  "import-errors": "import_errors",
  pools: "pools",
  variables: "variables",
  connections: "connections",
  workers: "workers",
  users: "users",
  roles: "users",
  grants: "users",
  "event-logs": "event_logs",
};

/** What changes by nothing that is told. */
const NEVER: ReadonlySet<unknown> = new Set(["session", "health", "log", "version", "config"]);
/** About DAGs or runs in general, whatever follows in the key. */
const LISTS: ReadonlySet<unknown> = new Set(["dags", "dag-runs", "latest-runs", "dag-tags", "dag-stats", "home"]);
/** About a DAG as it was written: runs do not change it. */
const STRUCTURES: ReadonlySet<unknown> = new Set(["graph", "task", "tasks", "source", "dag-versions", "dag-version"]);

/** Everything that came since the last look, as sets. */
export interface Touched {
  /** DAGs of which runs changed. */
  runsOf: Set<string>;
  /** `<dag id>/<run id>`. */
  runs: Set<string>;
  dags: Set<string>;
  words: Set<keyof LiveChange>;
}

export function createTouched(): Touched {
  return { runsOf: new Set(), runs: new Set(), dags: new Set(), words: new Set() };
}

export function addChange(touched: Touched, { runs = [], dags = [], ...words }: LiveChange): void {
  for (const { dag_id: dagId, dag_run_id: runId } of runs) {
    touched.runsOf.add(dagId);
    touched.runs.add(`${dagId}/${runId}`);
  }
  for (const dagId of dags) touched.dags.add(dagId);
  for (const word of Object.keys(words) as (keyof LiveChange)[]) touched.words.add(word);
}

/**
 * Whether a query may have another answer now. Query keys are `[what, dag id, run id, …]`: the second and third tell which DAG and run a query is about; one without a DAG is about all.
 */
export function isTouched({ queryKey }: Pick<Query, "queryKey">, touched: Touched): boolean {
  const [what, dagId, runId] = queryKey;
  if (NEVER.has(what)) return false;
  const subject = typeof what === "string" ? SUBJECT_OF_KEY[what] : undefined;
  if (subject !== undefined) return touched.words.has(subject);
  const { runs, runsOf, dags, words } = touched;
  if (words.has("any_dag")) return true;
  const isAboutRuns = !STRUCTURES.has(what);
  if (words.has("any_run") && isAboutRuns) return true;
  if (Array.isArray(dagId)) return dagId.some((id: unknown) => dags.has(id as string) || runsOf.has(id as string));
  if (LISTS.has(what) || typeof dagId !== "string") return dags.size > 0 || (isAboutRuns && runsOf.size > 0);
  if (dags.has(dagId)) return true;
  if (!isAboutRuns) return false;
  return typeof runId === "string" ? runs.has(`${dagId}/${runId}`) : runsOf.has(dagId);
}
