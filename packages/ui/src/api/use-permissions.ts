import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "./session.ts";

/** Whether the user may do something: what they may not is not offered. The server decides all the same. */
export function usePermissions(): (permission: string) => boolean {
  const { data } = useQuery(sessionQuery);
  return (permission) => data?.permissions.includes(permission) ?? false;
}
