import { DAG_RUN_STATES, type DagRunState, readDagSpec } from "@tradewind/core";
import { listLastScheduledRuns } from "@tradewind/metadata";
import { countDagRunsByTime, findDag, findDagSpec } from "@tradewind/metadata/rest";
import { z } from "zod";
import { InstantInput } from "../http/values.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { plannedRuns } from "./planned-runs.ts";

const MOST_PLANNED = 5000;

const CalendarQuery = z.object({
  from: InstantInput,
  to: InstantInput,
  unit: z.enum(["day", "hour"]).default("day"),
  zone: z.string().default("UTC").refine(isZone, "no time zone of that name"),
});

const CalendarResponse = z
  .strictObject({
    dag_id: z.string(),
    is_paused: z.boolean(),
    cells: z.array(
      z.strictObject({
        /** The beginning of the day or hour on the wall clock of the zone: `2026-11-21T00:00`. */
        starts_at: z.string(),
        runs: z.partialRecord(z.enum(DAG_RUN_STATES), z.number()),
        /** Runs that the schedule will make. */
        planned: z.number(),
      }),
    ),
    /** There are more planned runs than were counted. */
    is_cut: z.boolean(),
  })
  .meta({ id: "CalendarResponse" });

/** The runs of a DAG by day or hour, and those that are planned. */
export function calendarRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/calendar/{dag_id}",
      access: "dag_runs:read",
      pathSchema: DagPath,
      query: CalendarQuery,
      status: 200,
      answer: CalendarResponse,
    },
    async ({ path, query: { from, to, unit, zone } }) => {
      const dagId = path.dag_id;
      const [dag, found, counted, lastRuns] = await Promise.all([
        findDag(db, { dagId }),
        findDagSpec(db, { dagId }),
        countDagRunsByTime(db, { dagId, from, to, unit, zone }),
        listLastScheduledRuns(db, { dagIds: [dagId] }),
      ]);
      if (dag === undefined || found === undefined) throw dagNotFound(dagId);
      const cells = new Map<string, { runs: Partial<Record<DagRunState, number>>; planned: number }>();
      const cellOf = (startsAt: string) => {
        const cell = cells.get(startsAt) ?? { runs: {}, planned: 0 };
        cells.set(startsAt, cell);
        return cell;
      };
      for (const { startsAt, state, runs } of counted) cellOf(startsAt).runs[state] = runs;
      const planned =
        dag.isPaused || dag.isDraining || dag.isStale
          ? { at: [], isCut: false }
          : plannedRuns(readDagSpec(found.spec), lastRuns.get(dagId), { now: new Date(), until: to, most: MOST_PLANNED });
      const clock = wallClock(zone, unit);
      for (const at of planned.at) cellOf(clock(at)).planned += 1;
      return {
        dag_id: dagId,
        is_paused: dag.isPaused,
        cells: [...cells].map(([startsAt, cell]) => ({ starts_at: startsAt, ...cell })),
        is_cut: planned.isCut,
      };
    },
  );
}

function isZone(name: string): boolean {
  return Intl.supportedValuesOf("timeZone").includes(name) || name === "UTC";
}

function wallClock(zone: string, unit: "day" | "hour"): (at: Date) => string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
  });
  return (at) => {
    const { year, month, day, hour } = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return `${year}-${month}-${day}T${unit === "day" ? "00" : hour}:00`;
  };
}
