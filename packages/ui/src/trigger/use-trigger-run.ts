import { isRestApiError } from "@tradewind/client";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { api } from "../api/client.ts";
import type { Conf } from "./trigger-form-model.ts";

export interface RunOptions {
  conf: Conf;
  runId: string;
  /** ISO; undefined: none. */
  logicalDate: string | undefined;
  runAfter: string | undefined;
  note: string;
  /** Lets a paused DAG go on, so that the run begins. */
  isUnpausing: boolean;
  /** It pauses itself when this run, and all others, have ended. */
  isDraining: boolean;
}

/** What the server says is wrong, about params sentence by sentence. */
export function problemsOf(error: Error | null): readonly string[] {
  if (error === null) return [];
  const problems = isRestApiError(error) ? error.details["problems"] : undefined;
  return Array.isArray(problems) ? problems.map(String) : [error.message];
}

/** Makes the run. On a page of the DAG the new run is shown then; elsewhere one stays where one is. */
export function useTriggerRun(dagId: string, onDone: () => void) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return useMutation({
    // The form says at its fields what is wrong with them.
    meta: { isToldInPlace: true },
    mutationFn: async ({ conf, runId, logicalDate, runAfter, note, isUnpausing, isDraining }: RunOptions) => {
      const params = { path: { dag_id: dagId } };
      const body = {
        logical_date: logicalDate ?? null,
        conf,
        ...(runAfter === undefined ? {} : { run_after: runAfter }),
        ...(runId === "" ? {} : { dag_run_id: runId }),
        ...(note === "" ? {} : { note }),
        drain_dag: isDraining,
      };
      const { data } = await api.POST("/api/v2/dags/{dag_id}/dagRuns", { params, body });
      if (isUnpausing) await api.PATCH("/api/v2/dags/{dag_id}", { params, body: { is_paused: false } });
      return data!;
    },
    onSuccess: (run) => {
      notifications.show({ color: "green", title: run.dag_display_name, message: `Run ${run.dag_run_id} was triggered.` });
      if (path.startsWith(`/dags/${encodeURIComponent(dagId)}`)) {
        void navigate({ to: "/dags/$dagId", params: { dagId } as never, search: { run: run.dag_run_id } as never });
      } else {
        onDone();
      }
      return queryClient.invalidateQueries();
    },
  });
}
