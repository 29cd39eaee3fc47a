import { RestApiError } from "@tradewind/client";

/** A run as bars and grids show it. */
export interface RunSummary {
  dag_run_id: string;
  run_type: string;
  state: string;
  run_after: string;
  logical_date: string | null;
  start_date: string | null;
  end_date: string | null;
  dag_version: number;
  has_note: boolean;
}

export interface GridTask {
  task_id: string;
  display_name: string;
  group_id: string | null;
  operator: string;
  is_mapped: boolean;
  is_setup: boolean;
  is_teardown: boolean;
  /** Only versions before the latest have it. */
  is_removed: boolean;
}

export interface StructureGroup {
  group_id: string;
  display_name: string;
  parent_id: string | null;
  tooltip: string;
  is_mapped: boolean;
  /** Of a loop: after so many iterations it ends. */
  max_iterations: number | null;
  retries: number;
}

export interface GridRun extends RunSummary {
  /** A letter for each task, in the order of `tasks`; see `letters`. `*`: several instances, counted in `many`; a space: none. */
  states: string;
  many: [place: number, counts: [state: string | null, instances: number][]][];
}

export interface Grid {
  dag_id: string;
  version_number: number;
  tasks: GridTask[];
  groups: StructureGroup[];
  /** The state that each letter stands for; `none`: no state yet. */
  letters: Record<string, string>;
  /** Newest first. */
  runs: GridRun[];
}

/** Asks for one of the pages' own read models, below `/ui`. @throws RestApiError */
export async function readModel<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(path, { signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new RestApiError({ status: undefined, code: "unreachable", message: "The server could not be reached.", cause: error });
  });
  const body = (await response.json().catch(() => ({}))) as { detail?: unknown; code?: string; request_id?: string };
  if (response.ok) return body as T;
  throw new RestApiError({
    status: response.status,
    code: body.code ?? "internal",
    message: typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`,
    ...(body.request_id === undefined ? {} : { requestId: body.request_id }),
  });
}
