import { Anchor, Drawer, Loader, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { workerQuery } from "../api/workers.ts";
import { Problem } from "../parts/problem.tsx";
import { Distance, Instant } from "../time/instant.tsx";
import { Liveness } from "./liveness.tsx";

/** One worker, with what it runs now. */
export function WorkerTasks({ hostId, onClose }: { hostId: string; onClose: () => void }) {
  const { data, error } = useQuery(workerQuery(hostId));
  return (
    <Drawer opened onClose={onClose} position="right" size={620} title={data?.name ?? "Worker"} closeButtonProps={{ "aria-label": "Close" }}>
      {data === undefined ? (
        error === null ? (
          <Loader aria-label="Loading" />
        ) : (
          <Problem error={error} />
        )
      ) : (
        <Stack gap="md">
          <Table variant="vertical">
            <Table.Tbody>
              <Table.Tr>
                <Table.Th w={130}>State</Table.Th>
                <Table.Td>
                  <Liveness state={data.state} />
                </Table.Td>
              </Table.Tr>
              <Table.Tr>
                <Table.Th>Id</Table.Th>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{data.host_id}</Table.Td>
              </Table.Tr>
              <Table.Tr>
                <Table.Th>Slots</Table.Th>
                <Table.Td>
                  {data.running} of {data.slots} in use
                </Table.Td>
              </Table.Tr>
              <Table.Tr>
                <Table.Th>Started</Table.Th>
                <Table.Td>
                  <Instant at={data.started_at} />
                </Table.Td>
              </Table.Tr>
            </Table.Tbody>
          </Table>
          {data.running_tasks.length === 0 ? (
            <Text size="sm" c="dimmed">
              It runs nothing now.
            </Text>
          ) : (
            <Table aria-label="Tasks that it runs" fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Task</Table.Th>
                  <Table.Th>Queue</Table.Th>
                  <Table.Th>Since</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.running_tasks.map((task) => (
                  <Table.Tr key={task.attempt_id}>
                    <Table.Td style={{ overflowWrap: "anywhere" }}>
                      <Anchor
                        component={Link}
                        size="sm"
                        to="/dags/$dagId/runs/$runId/tasks/$taskId"
                        params={{ dagId: task.dag_id, runId: task.dag_run_id, taskId: task.task_id } as never}
                        search={(task.map_index < 0 ? {} : { map_index: task.map_index }) as never}
                      >
                        {task.task_id}
                        {task.map_index >= 0 && ` [${task.map_index}]`}
                      </Anchor>
                      <Text size="xs" c="dimmed">
                        {task.dag_id}, {task.dag_run_id}, try {task.try_number}
                      </Text>
                    </Table.Td>
                    <Table.Td>{task.queue}</Table.Td>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>
                      <Distance at={task.started_at} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </Stack>
      )}
    </Drawer>
  );
}
