import { readDagSpec } from "@tradewind/core";
import { findDag, findVersionContent, listVersionUse } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import { assertWholeFile, dagVersionNotFound } from "../rest/dag-versions.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

const VersionsResponse = z
  .strictObject({
    /** Newest first. */
    versions: z.array(
      z.strictObject({
        version_number: z.number(),
        created_at: Instant,
        bundle_version: z.string(),
        relative_path: z.string(),
        /** Runs that were made with it. */
        runs: z.number(),
        first_run_after: Instant.nullable(),
        last_run_after: Instant.nullable(),
        last_run_id: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "VersionsResponse" });

const VersionResponse = z
  .strictObject({
    version_number: z.number(),
    relative_path: z.string(),
    /** The text of the DAG file as it was. */
    source: z.string(),
    /** What the DAG file said, as `DagSpec` of packages/core. */
    spec: z.looseObject({ dagId: z.string() }),
  })
  .meta({ id: "VersionResponse" });

/** The versions of a DAG: which runs are of each, and what each is. */
export function versionRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    { method: "GET", path: "/versions/{dag_id}", access: "dags:read", pathSchema: DagPath, status: 200, answer: VersionsResponse },
    async ({ path: { dag_id: dagId } }) => {
      const [dag, rows] = await Promise.all([findDag(db, { dagId }), listVersionUse(db, { dagId })]);
      if (dag === undefined) throw dagNotFound(dagId);
      return {
        versions: rows.map((row) => ({
          version_number: row.versionNumber,
          created_at: toIso(row.createdAt),
          bundle_version: row.bundleSha256,
          relative_path: row.relativePath,
          runs: row.runs,
          first_run_after: toIsoOrNull(row.firstRunAfter),
          last_run_after: toIsoOrNull(row.lastRunAfter),
          last_run_id: row.lastRunId,
        })),
      };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/versions/{dag_id}/{version_number}",
      access: "dags:read",
      pathSchema: DagPath.extend({ version_number: z.coerce.number().int().min(1) }),
      status: 200,
      answer: VersionResponse,
    },
    async ({ path: { dag_id: dagId, version_number: versionNumber }, dags }) => {
      await assertWholeFile({ db }, dags, { dagId, versionNumber });
      const found = await findVersionContent(db, { dagId, versionNumber });
      if (found === undefined) throw dagVersionNotFound(dagId, versionNumber);
      return { version_number: versionNumber, relative_path: found.relativePath, source: found.source, spec: { ...readDagSpec(found.spec) } };
    },
  );
}
