import { Button, Table, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { directWorker, type Worker } from "../api/workers.ts";
import { RowButton } from "../parts/row-button.tsx";
import { Distance } from "../time/instant.tsx";
import { Liveness } from "./liveness.tsx";
import classes from "./workers.module.css";

/** Every worker with how much of it is in use. */
export function WorkerTable({ workers, isOperator, onOpen }: { workers: readonly Worker[]; isOperator: boolean; onOpen: (hostId: string) => void }) {
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Workers">
      <Table className={classes["table"]} verticalSpacing={7} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>State</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th miw={150}>Slots in use</Table.Th>
            <Table.Th>Queues</Table.Th>
            <Table.Th>Executor</Table.Th>
            <Table.Th>Host</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th>Heard from</Table.Th>
            {isOperator && (
              <Table.Th>
                <span className="visually-hidden">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {workers.map((worker) => (
            <Table.Tr key={worker.host_id}>
              <Table.Td>
                <Liveness state={worker.state} />
              </Table.Td>
              <Table.Td maw={240}>
                <RowButton onClick={() => onOpen(worker.host_id)}>{worker.name}</RowButton>
              </Table.Td>
              <Table.Td>
                <SlotsInUse running={worker.running} slots={worker.slots} />
              </Table.Td>
              <Table.Td>{worker.queues === null ? "all" : worker.queues.join(", ")}</Table.Td>
              <Table.Td>{worker.executor}</Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                {worker.hostname}{" "}
                <Text span size="xs" c="dimmed">
                  pid {worker.pid}
                </Text>
              </Table.Td>
              <Table.Td>{worker.version}</Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                <Distance at={worker.last_heartbeat} />
              </Table.Td>
              {isOperator && (
                <Table.Td ta="right">
                  <DrainButton worker={worker} />
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function SlotsInUse({ running, slots }: { running: number; slots: number }) {
  return (
    <span className={classes["slots"]}>
      <span style={{ minWidth: 48 }}>
        {running} of {slots}
      </span>
      <span className={classes["bar"]} aria-hidden>
        <span style={{ width: `${slots === 0 ? 0 : Math.min(1, running / slots) * 100}%` }} />
      </span>
    </span>
  );
}

function DrainButton({ worker }: { worker: Worker }) {
  const queryClient = useQueryClient();
  const direct = useMutation({ mutationFn: directWorker, onSuccess: () => queryClient.invalidateQueries({ queryKey: ["workers"] }) });
  if (worker.state === "offline") return null;
  const isDraining = worker.wanted === "drain";
  const [wish, label, Icon] = isDraining ? (["resume", "Resume", IconPlayerPlay] as const) : (["drain", "Drain", IconPlayerPause] as const);
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Icon size={13} aria-hidden />}
      loading={direct.isPending}
      onClick={() => direct.mutate({ hostId: worker.host_id, wish })}
      aria-label={`${label} ${worker.name}`}
      title={isDraining ? "It takes tasks again" : "It ends what it runs, and takes nothing more"}
    >
      {label}
    </Button>
  );
}
