import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client.ts";
import { latestRuns } from "./dag-list.ts";
import { whenNotLive } from "./live.ts";

const MOST_SHOWN = 12;

/** DAGs that the user has marked, by name, with their latest runs. */
export const favoritesQuery = queryOptions({
  queryKey: ["dags", "favorites-with-runs"],
  queryFn: async ({ signal }) => {
    const query = { is_favorite: true, limit: MOST_SHOWN, order_by: ["dag_display_name"] };
    const { dags, total_entries: total } = (await api.GET("/api/v2/dags", { params: { query }, signal })).data!;
    const runs = await latestRuns(
      dags.map((dag) => dag.dag_id),
      signal,
    );
    return { dags: dags.map((dag) => ({ dag, runs: runs.get(dag.dag_id) ?? [] })), total };
  },
  placeholderData: keepPreviousData,
  refetchInterval: whenNotLive(5000),
});

/** Marks a DAG as one's favorite, or takes the mark back. */
export function useFavorite() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ dagId, isFavorite }: { dagId: string; isFavorite: boolean }) => {
      const params = { path: { dag_id: dagId } };
      if (isFavorite) await api.POST("/api/v2/dags/{dag_id}/favorite", { params });
      else await api.POST("/api/v2/dags/{dag_id}/unfavorite", { params });
    },
    onSettled: (_data, _error, { dagId }) =>
      Promise.all([queryClient.invalidateQueries({ queryKey: ["dags"] }), queryClient.invalidateQueries({ queryKey: ["dag", dagId] })]),
  });
}
