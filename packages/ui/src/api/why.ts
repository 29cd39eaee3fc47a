import { queryOptions } from "@tanstack/react-query";
import { readModel } from "./read-models.ts";

/** A DAG, a run of it, or a task instance. */
export interface WhySubject {
  dag_id: string;
  dag_run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  state: string | null;
}

export interface WhyAction extends Omit<WhySubject, "dag_id" | "state"> {
  id: string;
  label: string;
  dag_id: string | null;
  pool: string | null;
}

export interface WhyCause {
  code: string;
  sentence: string;
  /** What would set it free. */
  unblock: string | null;
  action: WhyAction | null;
  /** When it is over, or something happens about it. */
  at: string | null;
  since: string | null;
  /** Null: what was asked about. */
  about: WhySubject | null;
  /** How many alike it stands for. */
  count: number;
  named: WhySubject[];
  because: WhyCause[];
}

export interface Why {
  subject: WhySubject;
  status: "waiting" | "running" | "ended";
  summary: string;
  causes: WhyCause[];
  now: string;
}

export interface WhyQuestion {
  dagId: string;
  /** Absent: why the DAG has no new run. */
  runId?: string | undefined;
  /** Absent: of the run. */
  taskId?: string | undefined;
  /** Absent, of a mapped task: the instance that tells most. */
  mapIndex?: number | undefined;
}

/** Causes lie outside of the run too (pools, workers, limits), of whose changes nobody tells this page: an answer that may change is asked for again. */
const AGAIN_MS = 3000;

/** Why something is not running. */
export function whyQuery({ dagId, runId, taskId, mapIndex }: WhyQuestion) {
  const path = [dagId, runId, taskId, mapIndex === undefined || taskId === undefined ? undefined : String(mapIndex)];
  const asked = path.slice(0, path.includes(undefined) ? path.indexOf(undefined) : path.length);
  return queryOptions({
    queryKey: ["why", ...asked],
    queryFn: ({ signal }) => readModel<Why>(`/ui/why/${asked.map((part) => encodeURIComponent(part!)).join("/")}`, signal),
    refetchInterval: ({ state }) => (state.data?.status === "ended" ? AGAIN_MS * 5 : AGAIN_MS),
  });
}
