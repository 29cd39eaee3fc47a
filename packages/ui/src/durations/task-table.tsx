import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { taskDurationsQuery } from "../api/dag-times.ts";
import { formatDurationMs } from "../time/format.ts";
import classes from "./durations.module.css";

/** More are shown when they are asked for. */
const MOST = 25;

/** Which tasks take the time: one that is chosen is drawn above. */
export function TaskTable({
  dagId,
  runs,
  chosen,
  onChoose,
}: {
  dagId: string;
  runs: number;
  chosen: string | undefined;
  onChoose: (taskId: string) => void;
}) {
  const { data } = useQuery(taskDurationsQuery(dagId, runs));
  const [isWhole, setWhole] = useState(false);
  if (data === undefined || data.length === 0) return null;
  const most = Math.max(...data.map((task) => task.total_seconds));
  const all = data.reduce((sum, task) => sum + task.total_seconds, 0);
  return (
    <div className={classes["tasks"]}>
      <Table.ScrollContainer pos="relative" minWidth={760} type="native">
        <Table verticalSpacing={4} fz="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th miw={150}>Task</Table.Th>
              <Table.Th w="22%">Share of all time</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>Median</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>95 of 100 within</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>Longest</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>Waited, median</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>Failed</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(isWhole ? data : data.slice(0, MOST)).map((task) => (
              <Table.Tr key={task.task_id} data-chosen={task.task_id === chosen || undefined}>
                <Table.Td>
                  <button type="button" className={classes["pick"]} aria-pressed={task.task_id === chosen} onClick={() => onChoose(task.task_id)}>
                    {task.task_id}
                  </button>
                </Table.Td>
                <Table.Td title={`${all === 0 ? 0 : Math.round((task.total_seconds / all) * 100)} % of the time that all tasks took`}>
                  <span className={classes["share"]} style={{ width: `${most === 0 ? 0 : (task.total_seconds / most) * 100}%` }} />
                </Table.Td>
                <Table.Td className={classes["number"] ?? ""}>{formatDurationMs(task.median_seconds * 1000)}</Table.Td>
                <Table.Td className={classes["number"] ?? ""}>{formatDurationMs(task.p95_seconds * 1000)}</Table.Td>
                <Table.Td className={classes["number"] ?? ""}>{formatDurationMs(task.longest_seconds * 1000)}</Table.Td>
                <Table.Td className={classes["number"] ?? ""}>
                  {task.median_wait_seconds === null ? "–" : formatDurationMs(task.median_wait_seconds * 1000)}
                </Table.Td>
                <Table.Td className={classes["number"] ?? ""}>
                  {task.failed === 0 ? "–" : `${task.failed.toLocaleString("en")} of ${task.instances.toLocaleString("en")}`}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {data.length > MOST && (
        <button type="button" className={classes["pick"]} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show less" : `Show all ${data.length} tasks`}
        </button>
      )}
    </div>
  );
}
