import { Alert, Box, Group, Loader, Progress, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { type Affected, counted, countByState } from "./change-model.ts";
import type { Change, Preview } from "./change-requests.ts";
import classes from "./change-preview.module.css";

const MOST_SHOWN = 300;

/** What a change touches: how many, of which state, and each by name. */
export function ChangePreview({
  change,
  preview,
  error,
  isStale,
  progress,
  retry,
}: {
  change: Change;
  preview: Preview | undefined;
  error: Error | null;
  isStale: boolean;
  progress: { done: number; of: number } | undefined;
  retry: () => void;
}) {
  if (preview === undefined) {
    if (error !== null) return <Problem error={error} retry={retry} />;
    return (
      <Group gap="sm" className={classes["waiting"]} role="status">
        {progress === undefined ? <Loader size="xs" /> : <Progress value={(100 * progress.done) / progress.of} w={160} aria-label="Progress" />}
        <Text size="sm">{progress === undefined ? "Looking at what it touches …" : `Looked at ${progress.done} of ${progress.of}`}</Text>
      </Group>
    );
  }
  const { affected, more, failures } = preview;
  return (
    <Box component="section" aria-label="What it touches" className={classes["preview"]} data-stale={isStale || undefined}>
      <Group gap="xs" className={classes["summary"]} role="status">
        <Text size="sm" fw={600}>
          {summary(change, affected, more)}
        </Text>
        {countByState(affected).map(({ state, count }) => (
          <span key={state} className={classes["count"]}>
            <StateBadge state={state} />
            <Text span size="xs" c="dimmed">
              {count.toLocaleString("en")}
            </Text>
          </span>
        ))}
      </Group>
      {failures.length > 0 && (
        <Alert color="orange" p="xs" m="xs">
          {failures.map(({ message, count }) => (
            <Text key={message} size="xs">
              {count > 1 ? `${count} ×: ` : ""}
              {message}
            </Text>
          ))}
        </Alert>
      )}
      {affected.length > 0 && <AffectedList affected={affected} />}
      {change.kind === "runs" && (change.change === "success" || change.change === "failed") && affected.length > 0 && (
        <Text size="xs" c="dimmed" className={classes["remark"]}>
          <IconInfoCircle size={13} aria-hidden /> {RUN_MARK_REMARKS[change.change]}
        </Text>
      )}
    </Box>
  );
}

const RUN_MARK_REMARKS = {
  success: "They become a success; teardowns that have not ended still run.",
  failed: "What is at work is stopped and fails, what waits is skipped; teardowns still run.",
};

function summary(change: Change, affected: readonly Affected[], more: number): string {
  const runs = change.kind === "runs" ? change.targets.length : new Set(affected.map(({ dagId, runId }) => `${dagId} ${runId}`)).size;
  const instances = `${more > 0 ? "more than " : ""}${counted(affected.length, "task instance")}`;
  if (affected.length === 0)
    return change.kind === "runs" ? `${counted(runs, "run")}; no task instance changes` : "Nothing: no task instance is like that";
  return `${instances} in ${counted(runs, "run")}`;
}

function AffectedList({ affected }: { affected: readonly Affected[] }) {
  const runs = Map.groupBy(affected.slice(0, MOST_SHOWN), ({ dagId, runId }) => `${dagId} · ${runId}`);
  const isOneRun = runs.size === 1 && affected.length <= MOST_SHOWN;
  return (
    <div className={classes["list"]} tabIndex={0} role="region" aria-label="Task instances that it touches">
      {[...runs].map(([run, instances]) => (
        <div key={run}>
          {!isOneRun && <div className={classes["run"]}>{run}</div>}
          <ul>
            {instances.map((one) => (
              <li key={`${one.taskId} ${one.mapIndex}`}>
                <span className={classes["name"]} title={one.name}>
                  {one.name}
                </span>
                <StateBadge state={one.state} />
              </li>
            ))}
          </ul>
        </div>
      ))}
      {affected.length > MOST_SHOWN && <div className={classes["run"]}>and {counted(affected.length - MOST_SHOWN, "other")}</div>}
    </div>
  );
}
