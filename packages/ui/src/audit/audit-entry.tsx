import { Code, Loader, Modal, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api } from "../api/client.ts";
import type { EventLog } from "../api/event-logs.ts";
import { Problem } from "../parts/problem.tsx";
import { Instant } from "../time/instant.tsx";
import { changesOf, readDetails, showValue } from "./audit-details.ts";

/** One entry of the audit log as a whole. */
export function AuditEntry({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ["event-logs", "one", id],
    queryFn: async ({ signal }) => (await api.GET("/api/v2/eventLogs/{event_log_id}", { params: { path: { event_log_id: id } }, signal })).data!,
  });
  return (
    <Modal opened onClose={onClose} title={data?.event ?? "Audit log"} size={680} closeButtonProps={{ "aria-label": "Close" }}>
      {data === undefined ? error === null ? <Loader aria-label="Loading" /> : <Problem error={error} /> : <Entry entry={data} />}
    </Modal>
  );
}

function Entry({ entry }: { entry: EventLog }) {
  const details = readDetails(entry.extra);
  const changes = changesOf(details);
  const facts: [string, ReactNode][] = [
    ["When", <Instant key="when" at={entry.when} />],
    ["By", entry.owner ?? "–"],
    ["DAG", entry.dag_id],
    ["Run", entry.run_id],
    ["Task", entry.task_id],
    ["Map index", entry.map_index === null || entry.map_index < 0 ? null : entry.map_index],
    ["Try", entry.try_number],
  ];
  return (
    <>
      <Table variant="vertical" layout="fixed" mb="md">
        <Table.Tbody>
          {facts
            .filter(([, value]) => value !== null && value !== undefined)
            .map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th w={110}>{name}</Table.Th>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
      {changes !== null ? (
        <Table aria-label="What was changed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>What</Table.Th>
              <Table.Th>Before</Table.Th>
              <Table.Th>After</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {changes.map(({ name, before, after }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{showValue(before)}</Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{showValue(after)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : details === null ? (
        <Text size="sm" c="dimmed">
          There are no details.
        </Text>
      ) : (
        <Code block tabIndex={0}>
          {typeof details === "string" ? details : JSON.stringify(details, null, 2)}
        </Code>
      )}
    </>
  );
}
