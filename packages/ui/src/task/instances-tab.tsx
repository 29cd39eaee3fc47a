import { Group, Loader, Pagination, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { INSTANCES_PER_PAGE, instancesOfTaskQuery, type TaskPlace } from "../api/task-instance.ts";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import classes from "./task-page.module.css";

/** The instances that a mapped task has in a run. */
export function InstancesTab({ place, page, onPage }: { place: TaskPlace; page: number; onPage: (page: number) => void }) {
  const { data, error, refetch } = useQuery(instancesOfTaskQuery(place, page - 1));
  if (data === undefined) return error === null ? <Loader size="sm" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  const { dagId, runId, taskId } = place;
  const total = data.total_entries ?? data.task_instances.length;
  return (
    <>
      <Table.ScrollContainer pos="relative" minWidth={480} type="native">
        <Table verticalSpacing={5} fz="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Instance</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Try</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th>Took</Table.Th>
              <Table.Th>Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.task_instances.map((instance) => (
              <Table.Tr
                key={instance.map_index}
                data-chosen={instance.map_index === place.mapIndex || undefined}
                className={classes["instance"] ?? ""}
              >
                <Table.Td className={classes["links"] ?? ""}>
                  <Link to="/dags/$dagId/runs/$runId/tasks/$taskId" params={{ dagId, runId, taskId }} search={{ map_index: instance.map_index }}>
                    {instance.rendered_map_index ?? instance.map_index}
                  </Link>
                </Table.Td>
                <Table.Td>
                  <StateBadge state={instance.state} />
                </Table.Td>
                <Table.Td>
                  {instance.try_number} of {instance.max_tries + 1}
                </Table.Td>
                <Table.Td>
                  <Instant at={instance.start_date} />
                </Table.Td>
                <Table.Td>{instance.duration === null ? "–" : formatDurationMs(instance.duration * 1000)}</Table.Td>
                <Table.Td className={classes["why"] ?? ""}>{instance.state_reason ?? "–"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {total > INSTANCES_PER_PAGE && (
        <Group mt="xs" justify="space-between">
          <Text size="sm" c="dimmed">
            {total.toLocaleString("en")} instances
          </Text>
          <Pagination
            size="sm"
            total={Math.ceil(total / INSTANCES_PER_PAGE)}
            value={page}
            onChange={onPage}
            getItemProps={(number) => ({ "aria-label": `Page ${number}` })}
          />
        </Group>
      )}
    </>
  );
}
