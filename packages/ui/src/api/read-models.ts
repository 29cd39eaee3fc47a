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
  upstream_task_ids: string[];
}

export interface GridGroup {
  group_id: string;
  display_name: string;
  parent_id: string | null;
  tooltip: string;
}

/** A task, a state (null: none yet), and how many of its instances are in it. */
export type GridCell = [taskId: string, state: string | null, instances: number];

export interface Grid {
  dag_id: string;
  tasks: GridTask[];
  groups: GridGroup[];
  runs: (RunSummary & { cells: GridCell[] })[];
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
