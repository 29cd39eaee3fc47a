import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isFinishedDagRun, type Json } from "@tradewind/core";
import { type DagRunRow, listXComValues } from "@tradewind/metadata/rest";
import { z } from "zod";
import { list } from "../http/query-values.ts";
import { DagRunPath, getDagRun } from "./dag-runs.ts";
import { endOf, type RestContext, type RestRoutes } from "./route.ts";

/** Seconds between two looks at the run. */
const Interval = z.coerce.number().positive();
/** Each look costs the database something, however impatient who waits is. */
const LEAST_SECONDS = 0.2;
/** Silence for longer than that lets proxies close the connection. */
const MOST_SECONDS = 30;

/** `GET …/wait`: one JSON line with the state at each look, until the run is over; the last line also has the results of the tasks that were asked for. */
export function waitRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
      access: "dag_runs:read",
      pathSchema: DagRunPath,
      query: z.object({ interval: Interval, result: list }),
      status: 200,
      answer: z.any(),
    },
    async ({ path, query, raw, reply }) => {
      const first = await getDagRun(context, path.dag_id, path.dag_run_id);
      const lines = watch(context, first, {
        intervalMs: Math.min(Math.max(query.interval, LEAST_SECONDS), MOST_SECONDS) * 1000,
        resultsOf: query.result ?? [],
        signal: endOf(context, raw, reply),
      });
      return reply.type("application/x-ndjson").send(Readable.from(lines));
    },
  );
}

async function* watch(
  context: RestContext,
  first: DagRunRow,
  { intervalMs, resultsOf, signal }: { intervalMs: number; resultsOf: readonly string[]; signal: AbortSignal },
): AsyncGenerator<string> {
  for (let run = first; !signal.aborted; run = await getDagRun(context, first.dagId, first.runId)) {
    if (isFinishedDagRun(run.state)) {
      const results = resultsOf.length === 0 ? undefined : await readResults(context, run, resultsOf);
      yield `${JSON.stringify({ state: run.state, results })}\n`;
      return;
    }
    yield `${JSON.stringify({ state: run.state })}\n`;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What each task returned, by its id; of a mapped one the list of what its instances returned; null for one that returned nothing. */
async function readResults({ db }: RestContext, run: DagRunRow, taskIds: readonly string[]): Promise<Record<string, Json>> {
  const rows = await listXComValues(db, { dagRunId: run.id, taskIds, key: "return_value" });
  const values = (taskId: string): Json => {
    const own = rows.filter((row) => row.taskId === taskId);
    if (own.some(({ mapIndex }) => mapIndex >= 0)) return own.map(({ value }) => JSON.parse(value) as Json);
    return own[0] === undefined ? null : (JSON.parse(own[0].value) as Json);
  };
  return Object.fromEntries(taskIds.map((taskId) => [taskId, values(taskId)]));
}
