import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPause, IconToggleRight } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import type { Targets } from "../../changes/change-dialog.tsx";
import { counted } from "../../changes/change-model.ts";
import { runSteps } from "../../changes/run-steps.ts";

/** Turns several DAGs on or pauses them: one can be taken back by the other, so nothing is asked. */
export function PauseMany({ dags, onDone }: { dags: Targets<string>; onDone: () => void }) {
  const queryClient = useQueryClient();
  const pause = useMutation({
    mutationFn: async (isPaused: boolean) => {
      const dagIds = "total" in dags ? await dags.load(new AbortController().signal) : dags;
      const steps = dagIds.map((dagId) => async () => {
        await api.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } }, body: { is_paused: isPaused } });
        return dagId;
      });
      return runSteps(steps);
    },
    onSuccess: ({ results, failures }, isPaused) => {
      if (results.length > 0) {
        notifications.show({
          color: "green",
          title: "Done",
          message: `${counted(results.length, "DAG")} ${results.length === 1 ? "is" : "are"} ${isPaused ? "paused" : "on"}.`,
        });
      }
      for (const { message, count } of failures) {
        notifications.show({ color: "red", title: `${counted(count, "DAG")} could not be changed`, message, autoClose: 10_000 });
      }
      if (failures.length === 0) onDone();
    },
    onSettled: () => Promise.all([queryClient.invalidateQueries({ queryKey: ["dags"] }), queryClient.invalidateQueries({ queryKey: ["dag"] })]),
  });
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconToggleRight size={15} />}
        loading={pause.isPending}
        onClick={() => pause.mutate(false)}
      >
        Turn on
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconPlayerPause size={15} />}
        loading={pause.isPending}
        onClick={() => pause.mutate(true)}
      >
        Pause
      </Button>
    </Group>
  );
}
