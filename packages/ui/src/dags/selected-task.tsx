import { Anchor, Pagination, SegmentedControl, Skeleton } from "@mantine/core";
import { IconArrowUpRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { memo, useDeferredValue, useState } from "react";
import type { TaskInstance } from "../api/queries.ts";
import { begunTries, hasEnded, INSTANCES_PER_PAGE, instancesOfTaskQuery, taskInstanceQuery } from "../api/task-instance.ts";
import { TaskInstanceActions } from "../changes/task-instance-actions.tsx";
import { LogViewer } from "../logs/log-viewer.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { elapsedMs, formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { useNow } from "../time/now.ts";
import { Why } from "../why/why.tsx";
import { FactList } from "./fact-list.tsx";
import classes from "./selection-panel.module.css";

interface SelectedTaskProps {
  dagId: string;
  runId: string;
  taskId: string;
  /** One instance of a mapped task. */
  mapIndex: number | undefined;
  onInstance: (mapIndex: number | undefined) => void;
}

/** What a task did in a run: the only instance, or the list of those of a mapped task, or one of them. */
export function SelectedTask({ dagId, runId, taskId, mapIndex, onInstance }: SelectedTaskProps) {
  const [page, setPage] = useState(0);
  const { data, error, refetch } = useQuery(instancesOfTaskQuery({ dagId, runId, taskId }, page));
  if (mapIndex !== undefined) return <OneOfMany dagId={dagId} runId={runId} taskId={taskId} mapIndex={mapIndex} />;
  if (data === undefined) return error === null ? <Skeleton h={160} /> : <Problem error={error} retry={() => void refetch()} />;
  const instances = data.task_instances;
  const total = data.total_entries ?? instances.length;
  if (total === 0) return <p className={classes["nothing"]}>This run has no instance of the task.</p>;
  const [only] = instances;
  if (total === 1 && only !== undefined) return <InstanceFacts instance={only} />;
  return (
    <>
      <TaskInstanceActions instances={[{ dagId, runId, taskId }]} />
      <ul className={classes["list"]} aria-label="Instances">
        {instances.map((instance) => (
          <li key={instance.map_index}>
            <button type="button" className={classes["item"]} onClick={() => onInstance(instance.map_index ?? undefined)}>
              <span className={classes["itemName"]}>{instance.rendered_map_index ?? instance.map_index}</span>
              <span className={classes["dim"]}>{instance.duration === null ? "" : formatDurationMs(instance.duration * 1000)}</span>
              <StateBadge state={instance.state} />
            </button>
          </li>
        ))}
      </ul>
      {total > INSTANCES_PER_PAGE && (
        <Pagination size="xs" mt="sm" total={Math.ceil(total / INSTANCES_PER_PAGE)} value={page + 1} onChange={(next) => setPage(next - 1)} />
      )}
    </>
  );
}

function OneOfMany(place: { dagId: string; runId: string; taskId: string; mapIndex: number }) {
  const { data, error, refetch } = useQuery(taskInstanceQuery(place));
  if (data === undefined) return error === null ? <Skeleton h={160} /> : <Problem error={error} retry={() => void refetch()} />;
  return <InstanceFacts instance={data} />;
}

function InstanceFacts({ instance }: { instance: TaskInstance }) {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, state } = instance;
  const mapIndex = instance.map_index ?? -1;
  const now = useNow(state === "running" ? 1000 : 3_600_000);
  // After the facts, and in pieces: it is the largest part.
  const hasLog = useDeferredValue(begunTries(instance) > 0, false);
  const took =
    instance.state === "running" ? elapsedMs(instance.start_date, null, now) : instance.duration === null ? null : instance.duration * 1000;
  const since = instance.scheduled_when ?? instance.queued_when;
  const waited = since === null || instance.start_date === null ? null : Math.max(0, Date.parse(instance.start_date) - Date.parse(since));
  return (
    <>
      <div className={classes["state"]}>
        <StateBadge state={state} />
        {took !== null && <span>{formatDurationMs(took)}</span>}
        <Anchor
          component={Link}
          to={`/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}/tasks/${encodeURIComponent(taskId)}${mapIndex < 0 ? "" : `?map_index=${mapIndex}`}`}
          fz="sm"
          className={classes["onward"]}
        >
          Whole page <IconArrowUpRight size={14} aria-hidden />
        </Anchor>
      </div>
      <TaskInstanceActions instances={[{ dagId, runId, taskId, ...(mapIndex < 0 ? {} : { mapIndex }) }]} note={instance.note} />
      {state === "success" || state === "running" ? (
        instance.state_reason !== null && <p className={classes["reason"]}>{instance.state_reason}</p>
      ) : (
        <Why dagId={dagId} runId={runId} taskId={taskId} mapIndex={mapIndex < 0 ? undefined : mapIndex} />
      )}
      {instance.note !== null && <p className={classes["note"]}>{instance.note}</p>}
      <FactList
        facts={[
          ["Started", instance.start_date === null ? null : <Instant at={instance.start_date} />],
          ["Waited", waited === null ? null : formatDurationMs(waited)],
          ["Try", begunTries(instance) === 0 ? "not tried yet" : `${instance.try_number} of ${instance.max_tries + 1}`],
          ["Operator", instance.operator ?? null],
          ["Pool", instance.pool_slots > 1 ? `${instance.pool}, ${instance.pool_slots} slots` : instance.pool],
          ["Queue", instance.queue ?? null],
          ["Host", instance.hostname === null || instance.hostname === "" ? null : instance.hostname],
        ]}
      />
      {hasLog && begunTries(instance) > 0 && <Log instance={instance} mapIndex={mapIndex} />}
    </>
  );
}

/** The log of the latest try, or of one before. */
const Log = memo(function Log({ instance, mapIndex }: { instance: TaskInstance; mapIndex: number }) {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, state } = instance;
  const latest = begunTries(instance);
  const isAtWork = latest === instance.try_number && !hasEnded(state) && state !== "up_for_retry";
  const [chosen, setChosen] = useState<number | null>(null);
  const tryNumber = Math.min(chosen ?? latest, latest);
  const tries = Array.from({ length: latest }, (_, index) => String(index + 1)).slice(-6);
  return (
    <section className={classes["log"]} aria-label="Log">
      {latest > 1 && (
        <SegmentedControl
          size="xs"
          aria-label="Try"
          value={String(tryNumber)}
          onChange={(value) => setChosen(Number(value))}
          data={tries.map((value) => ({ value, label: `Try ${value}` }))}
        />
      )}
      <div className={classes["viewer"]}>
        <LogViewer
          dagId={dagId}
          runId={runId}
          taskId={taskId}
          mapIndex={mapIndex}
          tryNumber={tryNumber}
          isLive={tryNumber === latest && isAtWork}
          hasFailed={tryNumber < latest || (!isAtWork && state !== "success")}
          hasAddress={false}
        />
      </div>
    </section>
  );
});
