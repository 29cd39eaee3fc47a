import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";

/** DAGs that the user has starred, as many as the server gives at once; lists of DAGs do not tell it. undefined: not known yet. */
export function useStarred(): ReadonlySet<string> | undefined {
  const { data } = useQuery({
    queryKey: ["dags", "favorites"],
    queryFn: async ({ signal }) => {
      const { data: found } = await api.GET("/api/v2/dags", { params: { query: { is_favorite: true, exclude_stale: false, limit: 100 } }, signal });
      return new Set(found!.dags.map(({ dag_id: dagId }) => dagId));
    },
    staleTime: 30_000,
  });
  return data;
}
