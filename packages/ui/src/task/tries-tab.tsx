import { Loader, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { TaskInstance } from "../api/queries.ts";
import { begunTries, type TaskPlace, taskTriesQuery } from "../api/task-instance.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { readTaskSearch } from "./task-search.ts";
import classes from "./task-page.module.css";

const ROUTE = "/dags/$dagId/runs/$runId/tasks/$taskId";

/** Every try of a task instance: how each ended, why, and where it ran. */
export function TriesTab({ place, instance }: { place: TaskPlace; instance: TaskInstance }) {
  const { data: tries, error, refetch } = useQuery(taskTriesQuery(place, instance.try_number));
  if (tries === undefined) return error === null ? <Loader size="sm" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  if (begunTries(instance) === 0) return <Empty title="It has not been tried yet" />;
  const longest = Math.max(...tries.map((one) => one.duration ?? 0));
  const { mapIndex, ...params } = place;
  const map = mapIndex < 0 ? {} : { map_index: mapIndex };
  return (
    <Table.ScrollContainer pos="relative" minWidth={640} type="native">
      <Table verticalSpacing={6} fz="sm" highlightOnHover className={classes["tries"] ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Try</Table.Th>
            <Table.Th>Ended as</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th>Took</Table.Th>
            <Table.Th>Waited</Table.Th>
            <Table.Th>Where</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th>
              <span className="visually-hidden">Logs</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tries.toReversed().map((one) => (
            <Table.Tr key={one.try_number}>
              <Table.Td>{one.try_number}</Table.Td>
              <Table.Td>
                <StateBadge state={one.state} />
              </Table.Td>
              <Table.Td>
                <Instant at={one.start_date} />
              </Table.Td>
              <Table.Td>
                {one.duration === null ? "–" : formatDurationMs(one.duration * 1000)}
                {one.duration !== null && longest > 0 && (
                  <span className={classes["bar"]} style={{ width: `${Math.max(2, (one.duration / longest) * 100)}%` }} aria-hidden />
                )}
              </Table.Td>
              <Table.Td>{waitedOf(one)}</Table.Td>
              <Table.Td>
                {[one.hostname, one.queue !== "default" ? one.queue : null, one.executor].filter((part) => part !== null && part !== "").join(", ") ||
                  "–"}
              </Table.Td>
              <Table.Td className={classes["why"] ?? ""}>{one.state_reason ?? "–"}</Table.Td>
              <Table.Td className={classes["links"] ?? ""}>
                <Link
                  to={ROUTE}
                  params={params}
                  search={readTaskSearch({ ...map, try: one.try_number === instance.try_number ? undefined : one.try_number })}
                >
                  Log
                </Link>
                {one.try_number > 1 && (
                  <Link to={ROUTE} params={params} search={readTaskSearch({ ...map, try: one.try_number, beside: one.try_number - 1 })}>
                    Beside try {one.try_number - 1}
                  </Link>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function waitedOf({
  scheduled_when: scheduled,
  queued_when: queued,
  start_date: started,
}: {
  scheduled_when: string | null;
  queued_when: string | null;
  start_date: string | null;
}): string {
  const since = scheduled ?? queued;
  if (since === null || started === null) return "–";
  return formatDurationMs(Math.max(0, Date.parse(started) - Date.parse(since)));
}
