import { useQuery } from "@tanstack/react-query";
import { mayDo } from "./permissions.ts";
import { sessionQuery } from "./session.ts";

/**
 * Whether the user may do something: what they may not is not offered. The server decides all the same.
 * With a DAG: whether for that one. Without: whether for all, or for some.
 */
export function usePermissions(): (permission: string, dagId?: string) => boolean {
  const { data } = useQuery(sessionQuery);
  return (permission, dagId) => data != null && mayDo(data, permission, dagId);
}
