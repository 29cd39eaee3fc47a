import type { components, operations } from "@tradewind/client";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";
import { instantBounds, numberBounds } from "../parts/data-table/table-search.ts";
import { api } from "./client.ts";

export type DagRun = components["schemas"]["DAGRunResponse"];
type RunsQuery = NonNullable<operations["get_dag_runs"]["parameters"]["query"]>;

const EVERY = { dag_id: "~" } as const;

/** A page of the runs of all DAGs, by the filters of the table of runs. */
export async function fetchDagRuns(request: TableRequest, signal?: AbortSignal): Promise<TablePage<DagRun>> {
  const query = {
    ...dagRunFilters(request.filters, Date.now()),
    limit: request.limit,
    offset: request.offset,
    order_by: [request.orderBy ?? "-run_after"],
  };
  const { data } = await api.GET("/api/v2/dags/{dag_id}/dagRuns", { params: { path: EVERY, query }, ...(signal === undefined ? {} : { signal }) });
  return { rows: data!.dag_runs, total: data!.total_entries ?? data!.dag_runs.length };
}

/** Filters of the table as the REST API names them. */
export function dagRunFilters(filters: TableRequest["filters"], now: number): Omit<RunsQuery, "limit" | "offset" | "order_by"> {
  const { dag, run, state, type, version, by, conf } = filters as Record<string, string & readonly string[]>;
  return withoutAbsent({
    dag_id_pattern: contains(dag),
    run_id_pattern: contains(run),
    triggering_user_name_pattern: contains(by),
    conf_contains: conf,
    state: state as RunsQuery["state"],
    run_type: type as RunsQuery["run_type"],
    dag_version: (version as readonly string[] | undefined)?.map(Number),
    ...named("run_after", instantBounds(filters["after"], now)),
    ...named("logical_date", instantBounds(filters["logical"], now)),
    ...named("start_date", instantBounds(filters["started"], now)),
    ...named("end_date", instantBounds(filters["ended"], now)),
    ...named("duration", numberBounds(filters["took"])),
  });
}

export function named<N extends string, T>(name: N, { gte, lte }: { gte: T | undefined; lte: T | undefined }) {
  return { [`${name}_gte`]: gte, [`${name}_lte`]: lte } as Record<`${N}_gte` | `${N}_lte`, T | undefined>;
}

/** A part of a text, for the API's patterns: what has wildcards already is taken as it is. */
export function contains(text: string | undefined): string | undefined {
  return text === undefined ? undefined : text.includes("%") ? text : `%${text}%`;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

export function withoutAbsent<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
