import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";

/** Names of pools, to choose from. */
export function usePoolNames(): readonly string[] {
  const { data } = useQuery({
    queryKey: ["pools", "names"],
    queryFn: async ({ signal }) => {
      const { data: found } = await api.GET("/api/v2/pools", { params: { query: { limit: 100 } }, signal });
      return found!.pools.map(({ name }) => name);
    },
    staleTime: 30_000,
  });
  return data ?? [];
}
