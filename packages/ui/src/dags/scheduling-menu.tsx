import { ActionIcon, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconPlayerPause, IconRepeatOff, IconToggleRight } from "@tabler/icons-react";
import type { DagRow } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { type SchedulingState, useSchedulingState } from "./dag-changes.ts";

const CHOICES = [
  { state: "active", label: "On", about: "Its schedule makes runs.", Icon: IconToggleRight },
  { state: "draining", label: "Drain", about: "No new runs by its schedule. It pauses itself when its runs have ended.", Icon: IconRepeatOff },
  { state: "paused", label: "Pause", about: "Nothing more begins; tasks that run go on.", Icon: IconPlayerPause },
] as const satisfies readonly { state: SchedulingState; label: string; about: string; Icon: unknown }[];

/** The ways in which a DAG can be on or off, for those the switch has no place for. */
export function SchedulingMenu({ dag }: { dag: Pick<DagRow, "dag_id" | "scheduling_state"> }) {
  const may = usePermissions();
  const change = useSchedulingState();
  if (!may("dags:edit", dag.dag_id)) return null;
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`How ${dag.dag_id} is scheduled`} loading={change.isPending}>
          <IconChevronDown size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {CHOICES.map(({ state, label, about, Icon }) => (
          <Menu.Item
            key={state}
            leftSection={<Icon size={16} />}
            disabled={state === dag.scheduling_state}
            onClick={() => change.mutate({ dagId: dag.dag_id, state })}
          >
            {label}
            <Text size="xs" c="dimmed">
              {about}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
