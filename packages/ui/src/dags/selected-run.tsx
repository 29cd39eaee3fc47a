import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { dagRunQuery } from "../api/queries.ts";
import { RunActions } from "../changes/run-actions.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { elapsedMs, formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { useNow } from "../time/now.ts";
import { useOpenTrigger } from "../trigger/use-open-trigger.ts";
import { Why } from "../why/why.tsx";
import { FactList } from "./fact-list.tsx";
import classes from "./selection-panel.module.css";

/** The facts of a run, what can be done with it, and why it does not go on. */
export function SelectedRun({ dagId, runId }: { dagId: string; runId: string }) {
  const { data: run, error, refetch } = useQuery(dagRunQuery(dagId, runId));
  const now = useNow();
  const openTrigger = useOpenTrigger();
  if (run === undefined) return error === null ? <Skeleton h={160} /> : <Problem error={error} retry={() => void refetch()} />;
  const took = elapsedMs(run.start_date, run.end_date, now);
  const waited = run.start_date === null ? null : Date.parse(run.start_date) - Date.parse(run.run_after);
  const conf = run.conf ?? {};
  return (
    <>
      <div className={classes["state"]}>
        <StateBadge state={run.state} />
        {took !== null && <span>{formatDurationMs(took)}</span>}
      </div>
      <RunActions runs={[{ dagId, runId }]} note={run.note} onRunAgain={() => openTrigger(dagId, { from: runId })} />
      {run.state !== "success" && <Why dagId={dagId} runId={runId} />}
      {run.note !== null && <p className={classes["note"]}>{run.note}</p>}
      <FactList
        facts={[
          ["Type", run.run_type.replaceAll("_", " ") + (run.triggering_user_name === null ? "" : `, by ${run.triggering_user_name}`)],
          ["Run after", <Instant at={run.run_after} />],
          ["Logical date", run.logical_date === null ? null : <Instant at={run.logical_date} />],
          [
            "Data interval",
            run.data_interval_start === null ? null : (
              <>
                <Instant at={run.data_interval_start} />
                <br />
                <Instant at={run.data_interval_end} />
              </>
            ),
          ],
          ["Started", <Instant at={run.start_date} />],
          ["Ended", <Instant at={run.end_date} />],
          ["Began late by", waited !== null && waited > 1000 ? formatDurationMs(waited) : null],
          ["Version", run.dag_versions.map((version) => version.version_number).join(", ") || null],
          ["Run id", run.dag_run_id],
          ["Conf", Object.keys(conf).length === 0 ? null : <pre>{JSON.stringify(conf, null, 2)}</pre>],
        ]}
      />
    </>
  );
}
