import { Switch } from "@mantine/core";
import type { DagRow } from "../../api/queries.ts";
import { usePermissions } from "../../api/use-permissions.ts";
import { usePause } from "../dag-changes.ts";
import { switchWord } from "../switch-word.ts";

/** Whether a DAG runs by its schedule. While the server is asked the switch stands where it was put. */
export function PauseSwitch({ dag }: { dag: DagRow }) {
  const may = usePermissions();
  const pause = usePause();
  const isPaused = pause.isPending ? pause.variables.isPaused : dag.is_paused;
  return (
    <Switch
      size="xs"
      checked={!isPaused}
      disabled={!may("dags:edit", dag.dag_id)}
      color={dag.scheduling_state === "draining" ? "yellow" : undefined}
      aria-label={`${dag.dag_id} is ${switchWord(dag)}`}
      onChange={(event) => pause.mutate({ dagId: dag.dag_id, isPaused: !event.currentTarget.checked })}
    />
  );
}
