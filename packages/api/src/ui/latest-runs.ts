import { listLatestRuns } from "@tradewind/metadata/rest";
import { z } from "zod";
import { list } from "../http/query-values.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { RunSummary, toRunSummary } from "./run-summary.ts";

const MOST_DAGS = 100;

const LatestRunsQuery = z.object({ dag_id: list, limit: z.coerce.number().int().min(1).max(50).default(14) });
const LatestRunsResponse = z
  .strictObject({ dags: z.array(z.strictObject({ dag_id: z.string(), runs: z.array(RunSummary) })) })
  .meta({ id: "LatestRunsResponse" });

/** The latest runs of every DAG of a list in one request: the sparklines beside their names. */
export function latestRunRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    { method: "GET", path: "/latest_runs", access: "dag_runs:read", query: LatestRunsQuery, status: 200, answer: LatestRunsResponse },
    async ({ query, dags }) => {
      const dagIds = [...new Set(query.dag_id)].filter((dagId) => dags.has(dagId)).slice(0, MOST_DAGS);
      const byDag = Map.groupBy(await listLatestRuns(db, { dagIds, perDag: query.limit }), (run) => run.dagId);
      return { dags: dagIds.map((dagId) => ({ dag_id: dagId, runs: (byDag.get(dagId) ?? []).map(toRunSummary) })) };
    },
  );
}
