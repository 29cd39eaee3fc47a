import { findGraphVersion } from "@tradewind/metadata/rest";
import { z } from "zod";
import { whole } from "../http/query-values.ts";
import { dagVersionNotFound } from "../rest/dag-versions.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { type FindStructures, StructureGroup, StructureTask } from "./dag-structure.ts";

const GraphResponse = z
  .strictObject({
    dag_id: z.string(),
    version_number: z.number(),
    /** Upstreams first. */
    tasks: z.array(StructureTask),
    groups: z.array(StructureGroup),
  })
  .meta({ id: "GraphResponse" });

/** The tasks of one version of a DAG and what leads from which to which: all that its drawing needs, without any run. */
export function graphRoutes(routes: RestRoutes, { db }: RestContext, structures: FindStructures): void {
  routes.add(
    {
      method: "GET",
      path: "/graph/{dag_id}",
      access: "dags:read",
      pathSchema: DagPath,
      query: z.object({ version_number: whole }),
      status: 200,
      answer: GraphResponse,
    },
    async ({ path, query }) => {
      const { dag_id: dagId } = path;
      const version = await findGraphVersion(db, { dagId, versionNumber: query.version_number });
      if (version === undefined) throw query.version_number === undefined ? dagNotFound(dagId) : dagVersionNotFound(dagId, query.version_number);
      const structure = (await structures([version.versionId])).get(version.versionId)!;
      return { dag_id: dagId, version_number: version.versionNumber, ...structure };
    },
  );
}
