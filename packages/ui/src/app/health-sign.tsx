import { Group, Popover, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangleFilled, IconCircleCheckFilled, IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useLive } from "../api/live.ts";
import { healthQuery } from "../api/queries.ts";
import { Distance } from "../time/instant.tsx";

interface Part {
  name: string;
  isWell: boolean;
  heartbeat: string | null;
}

/** Whether everything that makes tasks run is at work, in one sign; which part is not, when asked. */
export function HealthSign() {
  const { data, isError } = useQuery(healthQuery);
  const live = useLive();
  const parts: Part[] =
    data === undefined
      ? []
      : [
          { name: "Database", isWell: data.metadatabase.status === "healthy", heartbeat: null },
          { name: "Scheduler", isWell: data.scheduler.status === "healthy", heartbeat: data.scheduler.latest_scheduler_heartbeat },
          { name: "DAG processor", isWell: data.dag_processor.status === "healthy", heartbeat: data.dag_processor.latest_dag_processor_heartbeat },
        ];
  const bad = parts.filter(({ isWell }) => !isWell);
  const [Icon, color, words] = isError
    ? ([IconPlugConnectedX, "var(--mantine-color-orange-7)", "No connection, trying again"] as const)
    : live === "reconnecting"
      ? ([IconPlugConnectedX, "var(--mantine-color-orange-7)", "Changes come late: reconnecting"] as const)
      : bad.length > 0
        ? ([IconAlertTriangleFilled, "var(--mantine-color-red-7)", `${bad.map(({ name }) => name).join(", ")}: not healthy`] as const)
        : ([IconCircleCheckFilled, "var(--mantine-color-green-7)", "Healthy"] as const);
  return (
    <Popover position="bottom-end" withArrow>
      <Popover.Target>
        <UnstyledButton px={6} aria-label={`System: ${words}`}>
          <Group gap={4} wrap="nowrap">
            <Icon size={16} color={color} aria-hidden />
            <Text size="xs" visibleFrom="xs" style={{ whiteSpace: "nowrap" }}>
              {words}
            </Text>
          </Group>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={6}>
          {parts.map(({ name, isWell, heartbeat }) => (
            <Group key={name} justify="space-between" gap="lg" wrap="nowrap">
              <Text size="sm">{name}</Text>
              <Text size="sm" c={isWell ? "green.8" : "red"}>
                {isWell ? "healthy" : "not healthy"}
                {heartbeat !== null && (
                  <>
                    , <Distance at={heartbeat} />
                  </>
                )}
              </Text>
            </Group>
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
