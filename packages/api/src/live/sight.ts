import { hasErrorCode } from "@tradewind/core";
import type { FastifyRequest } from "fastify";
import { type Authentication, identify } from "../auth/authenticate.ts";
import { isAllowed } from "../auth/permissions.ts";
import type { Sight } from "./live-stream.ts";

/** What who sent this request may see now; undefined: they are not logged in any more. */
export async function sightOf(request: FastifyRequest, authentication: Authentication): Promise<Sight | undefined> {
  try {
    const user = await identify(request, authentication);
    return { may: (permission) => isAllowed(user.role, permission), dagIds: isAllowed(user.role, "dag_runs:read") ? null : new Set() };
  } catch (error) {
    if (hasErrorCode(error, "unauthenticated")) return undefined;
    throw error;
  }
}
