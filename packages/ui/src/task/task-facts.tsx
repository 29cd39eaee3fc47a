import { Anchor, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TaskInstance } from "../api/queries.ts";
import { begunTries } from "../api/task-instance.ts";
import { elapsedMs, formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { useNow } from "../time/now.ts";
import classes from "./task-page.module.css";

/** What is worth knowing of a task instance at first sight, in one strip. */
export function TaskFacts({ instance }: { instance: TaskInstance }) {
  const version = instance.dag_version?.version_number;
  return (
    <dl className={classes["facts"]}>
      {instance.start_date !== null && (
        <>
          <Fact name="Started">
            <Instant at={instance.start_date} />
          </Fact>
          <Fact name="Took">
            <Took instance={instance} />
          </Fact>
        </>
      )}
      {(instance.scheduled_when ?? instance.queued_when) !== null && (
        <Fact name="Waited" tip="From the moment it could run to its start">
          <Waited instance={instance} />
        </Fact>
      )}
      <Fact name={begunTries(instance) === 0 ? "Tries" : "Try"}>
        {begunTries(instance) === 0 ? `none of ${instance.max_tries + 1} yet` : `${instance.try_number} of ${instance.max_tries + 1}`}
      </Fact>
      <Fact name="Operator">{instance.operator ?? "–"}</Fact>
      <Fact name="Pool">
        {instance.pool}
        {instance.pool_slots > 1 && `, ${instance.pool_slots} slots`}
      </Fact>
      <Fact name="Queue">{instance.queue ?? "–"}</Fact>
      {instance.executor !== null && <Fact name="Executor">{instance.executor}</Fact>}
      {instance.hostname !== null && instance.hostname !== "" && <Fact name="Host">{instance.hostname}</Fact>}
      {version !== undefined && (
        <Fact name="Version">
          <Anchor component={Link} fz="inherit" to={`/dags/${encodeURIComponent(instance.dag_id)}/code?version=${version}`}>
            {version}
          </Anchor>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, tip, children }: { name: string; tip?: string; children: ReactNode }) {
  return (
    <div className={classes["fact"]}>
      <Tooltip label={tip} disabled={tip === undefined}>
        <dt>{name}</dt>
      </Tooltip>
      <dd>{children}</dd>
    </div>
  );
}

function Took({ instance }: { instance: TaskInstance }) {
  return instance.state === "running" ? <Elapsed from={instance.start_date} /> : duration(instance.duration);
}

function duration(seconds: number | null): string {
  return seconds === null ? "–" : formatDurationMs(seconds * 1000);
}

function Elapsed({ from }: { from: string | null }) {
  const ms = elapsedMs(from, null, useNow());
  return <>{ms === null ? "–" : formatDurationMs(ms)}</>;
}

function Waited({ instance }: { instance: TaskInstance }) {
  const since = instance.scheduled_when ?? instance.queued_when;
  if (instance.state === "queued" || instance.state === "scheduled") return <Elapsed from={since} />;
  if (since === null || instance.start_date === null) return "–";
  return formatDurationMs(Math.max(0, Date.parse(instance.start_date) - Date.parse(since)));
}
