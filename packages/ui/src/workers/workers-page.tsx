import { Anchor, Box, Group, Loader, Table, Text, Title } from "@mantine/core";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePermissions } from "../api/use-permissions.ts";
import { type Queue, queuesQuery, type Service, servicesQuery, workersQuery } from "../api/workers.ts";
import { Problem } from "../parts/problem.tsx";
import { Distance } from "../time/instant.tsx";
import { Liveness } from "./liveness.tsx";
import { WorkerTable } from "./worker-table.tsx";
import { WorkerTasks } from "./worker-tasks.tsx";
import classes from "./workers.module.css";

/** What makes tasks run: workers, the queues that feed them, and the services behind. */
export function WorkersPage() {
  const { worker } = useSearch({ from: "/workers" });
  const navigate = useNavigate({ from: "/workers" });
  const may = usePermissions();
  const isReader = may("jobs:read");
  const services = useQuery({ ...servicesQuery, enabled: isReader });
  const workers = useQuery(workersQuery);
  const queues = useQuery(queuesQuery);
  // The pages are there only where this executor is configured.
  const isInRedis = [...(workers.data ?? []), ...(queues.data ?? [])].some(({ executor }) => executor === "bullmq");
  const open = (hostId: string | undefined) => void navigate({ search: hostId === undefined ? {} : { worker: hostId }, replace: true });
  return (
    <Box p="md" maw={1300} mx="auto">
      <Title order={1} mb="md">
        Workers
      </Title>
      <Section
        title={null}
        query={workers}
        nothing="No worker has registered. The scheduler starts its own with the local executor; others begin with “tradewind worker”."
      >
        {(workers) => <WorkerTable workers={workers} isOperator={may("workers:edit")} onOpen={open} />}
      </Section>
      <Section
        title="Queues"
        query={queues}
        nothing="No task waits or runs, and no worker asks for a queue by name."
        aside={
          isInRedis &&
          may("workers:edit") && (
            <Anchor href="/queues" size="xs" target="_blank">
              What is in Redis
            </Anchor>
          )
        }
      >
        {(queues) => <QueueTable queues={queues} />}
      </Section>
      {isReader && (
        <Section title="Services" query={services} nothing="No service has been heard from.">
          {(rows) => <ServiceTable services={rows} />}
        </Section>
      )}
      {worker !== undefined && <WorkerTasks hostId={worker} onClose={() => open(undefined)} />}
    </Box>
  );
}

function Section<Row>({
  title,
  query,
  nothing,
  aside,
  children,
}: {
  /** null: that of the page. */
  title: string | null;
  query: UseQueryResult<readonly Row[]>;
  nothing: string;
  aside?: ReactNode;
  children: (rows: readonly Row[]) => ReactNode;
}) {
  return (
    <section className={classes["section"]}>
      {title !== null && (
        <Group justify="space-between" mb={8}>
          <Title order={2}>{title}</Title>
          {aside}
        </Group>
      )}
      {query.data === undefined ? (
        query.isError ? (
          <Problem error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Loader size="sm" aria-label="Loading" />
        )
      ) : query.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {nothing}
        </Text>
      ) : (
        children(query.data)
      )}
    </section>
  );
}

function QueueTable({ queues }: { queues: readonly Queue[] }) {
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Queues">
      <Table className={classes["table"]} verticalSpacing={7}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Queue</Table.Th>
            <Table.Th>Executor</Table.Th>
            <Table.Th className={classes["number"]}>Scheduled</Table.Th>
            <Table.Th className={classes["number"]}>Queued</Table.Th>
            <Table.Th className={classes["number"]}>Running</Table.Th>
            <Table.Th className={classes["number"]}>Workers</Table.Th>
            <Table.Th className={classes["number"]}>Slots</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {queues.map((queue) => (
            <Table.Tr key={queue.queue}>
              <Table.Td>
                <Anchor
                  component={Link}
                  to="/task-instances"
                  search={{ queue: [queue.queue], state: ["scheduled", "queued", "running"] } as never}
                  size="sm"
                >
                  {queue.queue}
                </Anchor>
              </Table.Td>
              <Table.Td>{queue.executor}</Table.Td>
              <Table.Td className={classes["number"]}>{queue.scheduled}</Table.Td>
              <Table.Td className={classes["number"]}>{queue.queued}</Table.Td>
              <Table.Td className={classes["number"]}>{queue.running}</Table.Td>
              <Table.Td className={classes["number"]}>{queue.workers}</Table.Td>
              <Table.Td className={classes["number"]}>{queue.slots}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function ServiceTable({ services }: { services: readonly Service[] }) {
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Services">
      <Table className={classes["table"]} verticalSpacing={7}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>State</Table.Th>
            <Table.Th>Service</Table.Th>
            <Table.Th>Host</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th>Heard from</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {services.map((service) => (
            <Table.Tr key={service.id}>
              <Table.Td>
                <Liveness state={service.state} />
              </Table.Td>
              <Table.Td>{nameOf(service.job_type)}</Table.Td>
              <Table.Td>{service.hostname ?? "–"}</Table.Td>
              <Table.Td>
                <Distance at={service.start_date} />
              </Table.Td>
              <Table.Td>
                <Distance at={service.latest_heartbeat} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** `DagProcessorJob`: DAG processor. */
function nameOf(jobType: string | null | undefined): string {
  const words = (jobType ?? "").replace(/Job$/, "").replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.replace(/^Dag\b/, "DAG");
}
