import { Box, Center, Loader, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useCallback } from "react";
import type { TaskInstance } from "../api/queries.ts";
import { instancesOfTaskQuery, taskInstanceQuery, type TaskPlace } from "../api/task-instance.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { TaskInstanceActions } from "../changes/task-instance-actions.tsx";
import { Why } from "../why/why.tsx";
import { XComTab } from "../xcom/xcom-tab.tsx";
import { DetailsTab } from "./details-tab.tsx";
import { InstancesTab } from "./instances-tab.tsx";
import { LogTab } from "./log-tab.tsx";
import { Neighbours, StateCounts } from "./neighbours.tsx";
import { TriesTab } from "./tries-tab.tsx";
import { readTaskSearch, type TaskSearch, type TaskTab } from "./task-search.ts";
import { TaskFacts } from "./task-facts.tsx";
import classes from "./task-page.module.css";

const ROUTE = "/dags/$dagId/runs/$runId/tasks/$taskId";

/** Everything about one task in one run: of a mapped task one of its instances, or all of them. */
export function TaskPage() {
  const { dagId, runId, taskId } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const instances = useQuery(instancesOfTaskQuery({ dagId, runId, taskId }, (search.page ?? 1) - 1));
  const first = instances.data?.task_instances[0];
  const isMapped = first !== undefined && ((first.map_index ?? -1) >= 0 || (instances.data?.total_entries ?? 0) > 1);
  const mapIndex = search.map_index ?? -1;
  const isOne = mapIndex >= 0 || (first !== undefined && !isMapped);
  const one = useQuery({ ...taskInstanceQuery({ dagId, runId, taskId, mapIndex }), enabled: isOne });
  const error = one.error ?? instances.error;
  if (one.data === undefined && error !== null) {
    return <Problem error={error} retry={() => void Promise.all([instances.refetch(), one.refetch()])} />;
  }
  const instance = one.data ?? (isOne && first?.map_index === mapIndex ? first : undefined);
  if (instances.data === undefined || (isOne && instance === undefined)) {
    return (
      <Center h="100%">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (!isOne && !isMapped) {
    return (
      <Empty title="This run has no such task">
        The version of the DAG that it ran with does not have the task {taskId}, or has not made it yet.
      </Empty>
    );
  }
  return <Loaded place={{ dagId, runId, taskId, mapIndex }} isMapped={isMapped || mapIndex >= 0} instance={instance} search={search} />;
}

interface LoadedProps {
  place: TaskPlace;
  isMapped: boolean;
  /** undefined: all instances of a mapped task. */
  instance: TaskInstance | undefined;
  search: TaskSearch;
}

function Loaded({ place, isMapped, instance, search }: LoadedProps) {
  const { dagId, runId, taskId } = place;
  const navigate = useNavigate({ from: ROUTE });
  const change = useCallback(
    (next: Partial<TaskSearch>) =>
      void navigate({ search: (before) => readTaskSearch({ ...before, ...next }), hash: true, replace: true, resetScroll: false }),
    [navigate],
  );
  const tabs = tabsOf(instance, isMapped);
  const tab = tabs.find(({ id }) => id === search.tab) ?? tabs[0]!;
  return (
    <Box className={classes["page"]}>
      <header className={classes["heading"]}>
        <div>
          <nav className={classes["crumbs"]} aria-label="Where this is">
            <Link to="/dags/$dagId" params={{ dagId }}>
              {dagId}
            </Link>
            <span aria-hidden>/</span>
            <Link to="/dags/$dagId" params={{ dagId }} search={{ run: runId }}>
              {runId}
            </Link>
            {instance !== undefined && isMapped && (
              <>
                <span aria-hidden>/</span>
                <Link to={ROUTE} params={{ dagId, runId, taskId }}>
                  {taskId}
                </Link>
              </>
            )}
          </nav>
          <div className={classes["name"]}>
            <Title order={1}>{titleOf(taskId, instance, isMapped)}</Title>
            {instance === undefined ? <StateCounts dagId={dagId} runId={runId} taskId={taskId} /> : <StateBadge state={instance.state} />}
          </div>
        </div>
        <TaskInstanceActions
          instances={[{ dagId, runId, taskId, ...(isMapped && instance === undefined ? {} : { mapIndex: place.mapIndex }) }]}
          note={instance?.note ?? null}
        />
      </header>
      {instance !== undefined && <TaskFacts instance={instance} />}
      {instance !== undefined && isWaiting(instance.state) ? (
        <div className={classes["waits"]}>
          <Why dagId={dagId} runId={runId} taskId={taskId} mapIndex={place.mapIndex < 0 ? undefined : place.mapIndex} />
        </div>
      ) : (
        instance?.state_reason != null && (
          <p className={classes["reason"]} data-failed={instance.state === "failed" || instance.state === "upstream_failed" || undefined}>
            {instance.state_reason}
          </p>
        )
      )}
      {instance?.note != null && instance.note !== "" && (
        <p className={classes["note"]}>
          <b>Note</b> {instance.note}
        </p>
      )}
      <Neighbours dagId={dagId} runId={runId} taskId={taskId} />
      <nav className={classes["tabs"]} aria-label={`Pages of ${taskId}`}>
        {tabs.map(({ id, title }) => (
          <Link
            key={id}
            to={ROUTE}
            params={{ dagId, runId, taskId }}
            search={(before) => readTaskSearch({ ...before, tab: id === tabs[0]!.id ? undefined : id })}
            replace
            className={classes["tab"]}
            // Else the first tab, whose address has no tab, would be taken for that of each.
            activeOptions={{ exact: true }}
            aria-current={id === tab.id ? "page" : undefined}
          >
            {title}
          </Link>
        ))}
      </nav>
      <div className={classes["content"]}>{tab.show({ place, instance, search, change })}</div>
    </Box>
  );
}

/** Whether somebody would ask why it is not running: also of what was left out because of others. */
function isWaiting(state: string | null): boolean {
  return state !== "running" && state !== "success" && state !== "failed" && state !== "restarting" && state !== "removed";
}

interface Shown {
  place: TaskPlace;
  instance: TaskInstance | undefined;
  search: TaskSearch;
  change: (next: Partial<TaskSearch>) => void;
}

interface Tab {
  id: TaskTab;
  title: string;
  show: (shown: Shown) => ReactNode;
}

/** Those that there is something in: what never was tried has its tries all the same, so that tabs stay where they are. */
function tabsOf(instance: TaskInstance | undefined, isMapped: boolean): Tab[] {
  const instances: Tab = {
    id: "instances",
    title: "Instances",
    show: ({ place, search, change }) => <InstancesTab place={place} page={search.page ?? 1} onPage={(page) => change({ page })} />,
  };
  const details: Tab = { id: "details", title: "Details", show: ({ place }) => <DetailsTab place={place} instance={instance} /> };
  if (instance === undefined) return [instances, details];
  return [
    { id: "log", title: "Log", show: ({ place, search, change }) => <LogTab place={place} instance={instance} search={search} onSearch={change} /> },
    {
      id: "tries",
      title: instance.try_number > 1 ? `Tries (${instance.try_number})` : "Tries",
      show: ({ place }) => <TriesTab place={place} instance={instance} />,
    },
    { id: "xcoms", title: "XComs", show: ({ place }) => <XComTab place={place} /> },
    ...(isMapped ? [instances] : []),
    details,
  ];
}

function titleOf(taskId: string, instance: TaskInstance | undefined, isMapped: boolean): string {
  if (instance === undefined || !isMapped) return instance?.task_display_name ?? taskId;
  return `${instance.task_display_name} [${instance.rendered_map_index ?? instance.map_index}]`;
}
