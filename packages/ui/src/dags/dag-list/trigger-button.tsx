import { ActionIcon, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import type { DagRow } from "../../api/queries.ts";
import { usePermissions } from "../../api/use-permissions.ts";
import { useOpenTrigger } from "../../trigger/use-open-trigger.ts";

export function TriggerButton({ dag }: { dag: DagRow }) {
  const may = usePermissions();
  const openTrigger = useOpenTrigger();
  if (!may("dag_runs:create", dag.dag_id)) return null;
  return (
    <Tooltip label="Trigger a run …">
      <ActionIcon variant="subtle" aria-label={`Trigger ${dag.dag_id}`} onClick={() => openTrigger(dag.dag_id)}>
        <IconPlayerPlay size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
