import { TradewindError } from "@tradewind/core";
import { findDagFile } from "@tradewind/metadata/rest";
import { z } from "zod";
import { readFileToken } from "./dag-schemas.ts";
import { sendNull, type RestContext, type RestRoutes } from "./route.ts";

/** A file is named by the token that answers about its DAGs have; who asks must be allowed to change all DAGs in it. */
export function parseDagFileRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "PUT",
      path: "/parseDagFile/{file_token}",
      access: "dags:edit",
      pathSchema: z.object({ file_token: z.string() }),
      status: 201,
      answer: z.null(),
    },
    async ({ path, actor, dags, reply }) => {
      const file = readFileToken(path.file_token);
      const found = file === undefined ? undefined : await findDagFile(context.db, file);
      // Whose DAGs are granted one by one hears nothing of files that have none of them.
      if (file === undefined || found === undefined || (dags.ids !== undefined && !found.dagIds.some((dagId) => dags.has(dagId)))) {
        throw new TradewindError(
          "not_found",
          "There is no DAG file that this token stands for. Take file_token from an answer about one of its DAGs.",
        );
      }
      if (!found.dagIds.every((dagId) => dags.has(dagId))) {
        throw new TradewindError(
          "forbidden",
          "The file has other DAGs too, which you may not change: it is read again for who may change all of them.",
          {
            details: { permission: "dags:edit" },
          },
        );
      }
      await context.engine.requestDagFile({ ...file, dagIds: found.dagIds, actor });
      return sendNull(reply, 201);
    },
  );
}
