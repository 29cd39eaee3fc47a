import { ActionIcon, Box, Group, SegmentedControl, Table, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useState } from "react";
import { dagRunQuery, type Grid, type TaskInstance, taskInstancesQuery } from "../api/queries.ts";
import { gridRows, indexCells } from "../grid/grid-rows.ts";
import type { Selection } from "../grid/grid-view.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { useNow } from "../time/now.ts";
import { TaskLog } from "./task-log.tsx";
import classes from "./selection-panel.module.css";

/** The grid that things are selected in. */
export const GridContext = createContext<{ grid: Grid; onSelect: (selection: Selection) => void } | null>(null);

/** What is selected in the grid: a run, or a task of it. */
export function SelectionPanel({
  dagId,
  runId,
  taskId,
  onClose,
}: {
  dagId: string;
  runId: string | undefined;
  taskId: string | undefined;
  onClose: () => void;
}) {
  return (
    <Box component="section" className={classes["panel"]} aria-label="What is selected">
      <Group justify="space-between" wrap="nowrap" mb={6}>
        <Title order={2} style={{ overflowWrap: "anywhere" }}>
          {taskId ?? runId}
        </Title>
        <ActionIcon variant="subtle" color="gray" aria-label="Close" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </Group>
      {runId === undefined ? (
        <Text size="sm" c="dimmed">
          Choose a run to see what this task did in it.
        </Text>
      ) : taskId === undefined ? (
        <RunFacts dagId={dagId} runId={runId} />
      ) : (
        <TaskOrGroup key={`${runId} ${taskId}`} dagId={dagId} runId={runId} taskId={taskId} />
      )}
    </Box>
  );
}

function RunFacts({ dagId, runId }: { dagId: string; runId: string }) {
  const { data: run, error, refetch } = useQuery(dagRunQuery(dagId, runId));
  const now = useNow();
  if (run === undefined) return error === null ? null : <Problem error={error} retry={() => void refetch()} />;
  const conf = run.conf ?? {};
  return (
    <Facts
      facts={[
        ["State", <StateBadge state={run.state} />],
        ["Type", run.run_type + (run.triggering_user_name === null ? "" : `, by ${run.triggering_user_name}`)],
        ["Run after", <Instant at={run.run_after} />],
        ["Logical date", <Instant at={run.logical_date} />],
        ["Data interval", run.data_interval_start === null ? "–" : <Interval from={run.data_interval_start} to={run.data_interval_end} />],
        ["Started", <Instant at={run.start_date} />],
        ["Ended", <Instant at={run.end_date} />],
        [
          "Took",
          run.start_date === null ? "–" : formatDurationMs((run.end_date === null ? now : Date.parse(run.end_date)) - Date.parse(run.start_date)),
        ],
        ["Version", run.dag_versions.map((version) => version.version_number).join(", ")],
        ["Conf", Object.keys(conf).length === 0 ? "–" : <pre className={classes["log"]}>{JSON.stringify(conf, null, 2)}</pre>],
        ["Note", run.note ?? "–"],
      ]}
    />
  );
}

function Interval({ from, to }: { from: string; to: string | null }) {
  return (
    <>
      <Instant at={from} /> – <Instant at={to} />
    </>
  );
}

/** A group shows its tasks, each of which leads on to its own. */
function TaskOrGroup({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const { grid, onSelect } = useContext(GridContext)!;
  const group = gridRows(grid, NOTHING_FOLDED).find((row) => row.kind === "group" && row.group.group_id === taskId);
  if (group?.kind !== "group") return <TaskFacts dagId={dagId} runId={runId} taskId={taskId} />;
  const cells = indexCells(grid).get(runId);
  return (
    <Table verticalSpacing={3} highlightOnHover fz="sm">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Task</Table.Th>
          <Table.Th>State</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {group.taskIds.map((id) => (
          <Table.Tr key={id}>
            <Table.Td>
              <button type="button" className={classes["pick"]} onClick={() => onSelect({ run: runId, task: id })}>
                {id}
              </button>
            </Table.Td>
            <Table.Td>
              {cells?.get(id)?.counts.map(({ state, instances }) => (
                <Group key={state} gap={6}>
                  <StateBadge state={state} />
                  {instances > 1 && <Text size="xs">× {instances}</Text>}
                </Group>
              )) ?? "–"}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const NOTHING_FOLDED: ReadonlySet<string> = new Set();

function TaskFacts({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const { data, error, refetch } = useQuery(taskInstancesQuery(dagId, runId, taskId));
  const [mapIndex, setMapIndex] = useState<number | null>(null);
  if (data === undefined) return error === null ? null : <Problem error={error} retry={() => void refetch()} />;
  if (data.task_instances.length === 0) return <Text size="sm">This run has no instance of the task.</Text>;
  const instances = data.task_instances;
  const chosen = instances.find((instance) => instance.map_index === mapIndex) ?? (instances.length === 1 ? instances[0] : undefined);
  return (
    <>
      {instances.length > 1 && (
        <Instances instances={instances} chosen={mapIndex} total={data.total_entries ?? instances.length} onChoose={setMapIndex} />
      )}
      {chosen !== undefined && <InstanceFacts instance={chosen} />}
    </>
  );
}

function Instances({
  instances,
  chosen,
  total,
  onChoose,
}: {
  instances: readonly TaskInstance[];
  chosen: number | null;
  total: number;
  onChoose: (mapIndex: number) => void;
}) {
  return (
    <Box mb="sm">
      <Table verticalSpacing={3} highlightOnHover fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Instance</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {instances.map((instance) => (
            <Table.Tr
              key={instance.map_index}
              onClick={() => onChoose(instance.map_index ?? -1)}
              style={{ cursor: "pointer" }}
              {...(instance.map_index === chosen ? { bg: "var(--tw-mark)" } : {})}
            >
              <Table.Td>
                <button type="button" className={classes["pick"]} aria-pressed={instance.map_index === chosen}>
                  {instance.rendered_map_index ?? instance.map_index}
                </button>
              </Table.Td>
              <Table.Td>
                <StateBadge state={instance.state} />
              </Table.Td>
              <Table.Td>{instance.duration === null ? "–" : formatDurationMs(instance.duration * 1000)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {total > instances.length && (
        <Text size="xs" c="dimmed">
          The first {instances.length} of {total}.
        </Text>
      )}
    </Box>
  );
}

function InstanceFacts({ instance }: { instance: TaskInstance }) {
  const tries = Array.from({ length: instance.try_number }, (_, index) => String(index + 1));
  const [shownTry, setShownTry] = useState<string | null>(null);
  const tryNumber = shownTry !== null && tries.includes(shownTry) ? Number(shownTry) : instance.try_number;
  return (
    <>
      <Facts
        facts={[
          ["State", <StateBadge state={instance.state} />],
          ["Why", instance.state_reason ?? "–"],
          ["Operator", instance.operator ?? "–"],
          ["Started", <Instant at={instance.start_date} />],
          ["Took", instance.duration === null ? "–" : formatDurationMs(instance.duration * 1000)],
          ["Try", `${instance.try_number} of ${instance.max_tries + 1}`],
          ["Pool, queue", `${instance.pool} (${instance.pool_slots}), ${instance.queue ?? "default"}`],
          ["Host", instance.hostname === null || instance.hostname === "" ? "–" : instance.hostname],
        ]}
      />
      <Group justify="space-between" mt="md" mb={6}>
        <Title order={3}>Log</Title>
        {tries.length > 1 && <SegmentedControl size="xs" aria-label="Try" value={String(tryNumber)} onChange={setShownTry} data={tries} />}
      </Group>
      <TaskLog instance={instance} tryNumber={tryNumber} />
    </>
  );
}

function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <Table verticalSpacing={4} fz="sm" withRowBorders={false}>
      <Table.Tbody>
        {facts.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w={110} c="dimmed" fw={400} style={{ verticalAlign: "top" }}>
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
