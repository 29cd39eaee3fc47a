import { TradewindError } from "@tradewind/core";
import { transaction } from "@tradewind/metadata";
import { deleteDagGrant, listDagGrants, putDagGrant } from "@tradewind/metadata/rest";
import { z } from "zod";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { auditAuth } from "./audit.ts";
import type { Authentication } from "./authenticate.ts";
import { actionsOf, DagGrantBody, DagGrantCollectionResponse, DagGrantResponse, toGrantResponse } from "./user-schemas.ts";

/** Who may read, edit and delete which DAGs beside what their role allows: Airflow's `access_control`, by request. */
export function grantRoutes(routes: RestRoutes, context: RestContext, authentication: Pick<Authentication, "grants">): void {
  routes.add({ method: "GET", path: "/dagGrants", isOurs: true, access: "users:read", status: 200, answer: DagGrantCollectionResponse }, async () => {
    const rows = (await listDagGrants(context.db)).map(toGrantResponse);
    return { dag_grants: rows, total_entries: rows.length };
  });

  routes.add(
    { method: "POST", path: "/dagGrants", isOurs: true, access: "users:edit", body: DagGrantBody, status: 201, answer: DagGrantResponse },
    async ({ body, actor }) => {
      const { username, role, dag_id: dagIdPattern, dag_tag: dagTag, actions } = body;
      const answer = await transaction(context.db, async (tx) => {
        const canEdit = actions.includes("edit");
        const canDelete = actions.includes("delete");
        const put = await putDagGrant(tx, { username, role, dagIdPattern, dagTag, canEdit, canDelete });
        if (put === undefined) throw new TradewindError("not_found", `There is no user "${username}".`, { details: { username } });
        const before = put.before === undefined ? null : { actions: actionsOf(put.before) };
        await auditAuth(tx, "post_dag_grant", actor.name, {
          username,
          role,
          dag_id: dagIdPattern,
          dag_tag: dagTag,
          before,
          after: { actions: actionsOf(put.grant) },
        });
        return toGrantResponse(put.grant);
      });
      authentication.grants.forget();
      return answer;
    },
  );

  routes.add(
    {
      method: "DELETE",
      path: "/dagGrants/{grant_id}",
      isOurs: true,
      access: "users:edit",
      pathSchema: z.object({ grant_id: z.coerce.number().int() }),
      status: 204,
      answer: null,
    },
    async ({ path, actor }) => {
      await transaction(context.db, async (tx) => {
        const before = await deleteDagGrant(tx, { id: path.grant_id });
        if (before === undefined) throw new TradewindError("not_found", `There is no grant ${path.grant_id}.`, { details: { id: path.grant_id } });
        const { id, created_at: _, ...what } = toGrantResponse(before);
        await auditAuth(tx, "delete_dag_grant", actor.name, { id, before: what });
      });
      authentication.grants.forget();
    },
  );
}
