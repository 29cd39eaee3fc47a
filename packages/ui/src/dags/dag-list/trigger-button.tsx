import { ActionIcon, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import type { DagRow } from "../../api/queries.ts";
import { usePermissions } from "../../api/use-permissions.ts";
import { useOpenTrigger } from "../../trigger/use-open-trigger.ts";
import { whyNotTriggered } from "../../trigger/why-not-triggered.ts";

export function TriggerButton({ dag }: { dag: DagRow }) {
  const may = usePermissions();
  const openTrigger = useOpenTrigger();
  if (!may("dag_runs:create", dag.dag_id)) return null;
  const reason = whyNotTriggered(dag);
  return (
    <Tooltip label={reason ?? "Trigger a run …"}>
      <ActionIcon
        variant="subtle"
        aria-label={`Trigger ${dag.dag_id}`}
        data-disabled={reason !== null || undefined}
        aria-disabled={reason !== null}
        onClick={() => reason === null && openTrigger(dag.dag_id)}
      >
        <IconPlayerPlay size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
