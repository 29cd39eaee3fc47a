import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client.ts";

export type SchedulingState = "active" | "draining" | "paused";

/** Has a DAG go on, drain or pause. What is on the screen follows when the server has said yes. */
export function useSchedulingState() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ dagId, state }: { dagId: string; state: SchedulingState }) => {
      const { data } = await api.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } }, body: { scheduling_state: state } });
      return data!;
    },
    onSuccess: (dag, { state }) => {
      if (state === "draining" && dag.scheduling_state === "paused") {
        notifications.show({ title: dag.dag_display_name, message: "No run of it was left to end: it is paused now.", color: "green" });
      }
    },
    onSettled: (_data, _error, { dagId }) =>
      Promise.all([queryClient.invalidateQueries({ queryKey: ["dags"] }), queryClient.invalidateQueries({ queryKey: ["dag", dagId] })]),
  });
}

/** Pauses a DAG or lets it go on. What is on the screen follows when the server has said yes. */
export function usePause() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ dagId, isPaused }: { dagId: string; isPaused: boolean }) => {
      await api.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } }, body: { is_paused: isPaused } });
    },
    onSettled: (_data, _error, { dagId }) =>
      Promise.all([queryClient.invalidateQueries({ queryKey: ["dags"] }), queryClient.invalidateQueries({ queryKey: ["dag", dagId] })]),
  });
}

/** Starts a run now, with the params' defaults. */
export function useTrigger() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ dagId }: { dagId: string }) => {
      const { data } = await api.POST("/api/v2/dags/{dag_id}/dagRuns", { params: { path: { dag_id: dagId } }, body: { logical_date: null } });
      return data!;
    },
    onSuccess: (run) => {
      notifications.show({ title: run.dag_display_name, message: `Run ${run.dag_run_id} was triggered.`, color: "green" });
      return queryClient.invalidateQueries();
    },
  });
}
