import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";

/** All tags that DAGs have. */
export function useTags(): readonly string[] {
  const { data } = useQuery({
    queryKey: ["dag-tags"],
    queryFn: async ({ signal }) => (await api.GET("/api/v2/dagTags", { params: { query: { limit: 100 } }, signal })).data!.tags,
    staleTime: 30_000,
  });
  return data ?? [];
}

/** Owners of DAGs, as far as they are among the first hundred. */
export function useOwners(): readonly string[] {
  const { data } = useQuery({
    queryKey: ["dags", "owners"],
    queryFn: async ({ signal }) => {
      const { data: found } = await api.GET("/api/v2/dags", { params: { query: { limit: 100 } }, signal });
      return [...new Set(found!.dags.flatMap(({ owners }) => owners))].toSorted();
    },
    staleTime: 30_000,
  });
  return data ?? [];
}
