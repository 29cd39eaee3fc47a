import { hasErrorCode } from "@tradewind/core";
import type { FastifyRequest } from "fastify";
import { type Authentication, identify } from "../auth/authenticate.ts";
import { dagAccessOf } from "../auth/dag-access.ts";
import { isAllowed } from "../auth/permissions.ts";
import type { Sight } from "./live-stream.ts";

/** What who sent this request may see now; undefined: they are not logged in any more. */
export async function sightOf(request: FastifyRequest, authentication: Authentication): Promise<Sight | undefined> {
  try {
    const user = await identify(request, authentication);
    const { ids } = await dagAccessOf(user, "dag_runs:read", authentication.grants);
    return { may: (permission) => isAllowed(user.role, permission), dagIds: ids === undefined ? null : new Set(ids) };
  } catch (error) {
    if (hasErrorCode(error, "unauthenticated")) return undefined;
    throw error;
  }
}
