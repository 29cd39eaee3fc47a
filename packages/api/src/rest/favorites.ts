import { TradewindError } from "@tradewind/core";
import { deleteFavorite, findDag, insertFavorite } from "@tradewind/metadata/rest";
import { dagNotFound, DagPath } from "./dags.ts";
import type { RestContext, RestRoutes } from "./route.ts";

/** DAGs that a user marks for themselves: `is_favorite` of the lists is about who asks. */
export function favoriteRoutes(routes: RestRoutes, context: RestContext): void {
  const of = async (dagId: string, username: string): Promise<{ dagId: string; username: string }> => {
    if ((await findDag(context.db, { dagId })) === undefined) throw dagNotFound(dagId);
    return { dagId, username };
  };

  routes.add(
    { method: "POST", path: "/dags/{dag_id}/favorite", access: "dags:read", pathSchema: DagPath, status: 204, answer: null },
    async ({ path, actor }) => insertFavorite(context.db, await of(path.dag_id, actor.name)),
  );

  routes.add(
    { method: "POST", path: "/dags/{dag_id}/unfavorite", access: "dags:read", pathSchema: DagPath, status: 204, answer: null },
    async ({ path, actor }) => {
      if (await deleteFavorite(context.db, await of(path.dag_id, actor.name))) return;
      throw new TradewindError("conflict", `Dag with ID: '${path.dag_id}' is not marked as favorite`, { details: { dagId: path.dag_id } });
    },
  );
}
