import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Neighbour, taskContextQuery } from "../api/task-instance.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { lookOf, worstState } from "../states/state-look.ts";
import classes from "./task-page.module.css";

/** More are shown when they are asked for. */
const MOST = 8;

/** Of a mapped task: how many of its instances are in which state. */
export function StateCounts({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const { data } = useQuery(taskContextQuery({ dagId, runId, taskId }));
  return data?.states
    .toSorted(([a], [b]) => lookOf(b).weight - lookOf(a).weight)
    .map(([state, instances]) => (
      <span key={state} className={classes["count"]}>
        <StateBadge state={state} />
        {instances.toLocaleString("en")}
      </span>
    ));
}

/** What a task waits for and what waits for it, each with its state: the way through a run. */
export function Neighbours({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const { data } = useQuery(taskContextQuery({ dagId, runId, taskId }));
  if (data === undefined || data.upstream.length + data.downstream.length === 0) return null;
  return (
    <nav className={classes["neighbours"]} aria-label="Tasks before and after">
      <Side title="Upstream" dagId={dagId} runId={runId} tasks={data.upstream} />
      <Side title="Downstream" dagId={dagId} runId={runId} tasks={data.downstream} />
    </nav>
  );
}

function Side({ title, dagId, runId, tasks }: { title: string; dagId: string; runId: string; tasks: readonly Neighbour[] }) {
  const [isWhole, setWhole] = useState(false);
  if (tasks.length === 0) return null;
  // What asks for attention is not among those that are left out.
  const sorted = tasks.toSorted((a, b) => lookOf(stateOf(b)).weight - lookOf(stateOf(a)).weight);
  const shown = isWhole ? tasks : sorted.slice(0, MOST);
  return (
    <div className={classes["side"]}>
      <b>{title}</b>
      {shown.map((task) => (
        <Chip key={task.task_id} dagId={dagId} runId={runId} task={task} />
      ))}
      {tasks.length > MOST && (
        <button type="button" className={classes["more"]} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show less" : `${tasks.length - MOST} more`}
        </button>
      )}
    </div>
  );
}

function Chip({ dagId, runId, task }: { dagId: string; runId: string; task: Neighbour }) {
  const { label, Icon, fill } = lookOf(stateOf(task));
  const told = task.states.map(([state, instances]) =>
    task.states.length === 1 && instances === 1 ? lookOf(state).label : `${instances} ${lookOf(state).label.toLowerCase()}`,
  );
  return (
    <Link
      to="/dags/$dagId/runs/$runId/tasks/$taskId"
      params={{ dagId, runId, taskId: task.task_id }}
      className={classes["neighbour"]}
      title={`${task.task_id}: ${told.join(", ") || "no instance yet"}`}
    >
      <span className={classes["try-sign"]} style={{ background: fill }}>
        <Icon size={9} stroke={3.5} aria-label={label} />
      </span>
      <span>{task.display_name}</span>
    </Link>
  );
}

function stateOf({ states }: Neighbour): string | null {
  return worstState(states.map(([state]) => state)) ?? null;
}
