import { Badge, Button, Group, Switch, Text, Title, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import type { DagDetails } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { Breakable } from "../parts/breakable.tsx";
import { Distance } from "../time/instant.tsx";
import { scheduleText, scheduleTip } from "../time/schedule-text.ts";
import { useOpenTrigger } from "../trigger/use-open-trigger.ts";
import { whyNotTriggered } from "../trigger/why-not-triggered.ts";
import { usePause } from "./dag-changes.ts";
import { FavoriteButton } from "./favorite-button.tsx";
import { SchedulingMenu } from "./scheduling-menu.tsx";
import { switchWord } from "./switch-word.ts";
import classes from "./dag-page.module.css";

/** A DAG's name, when it runs, and what can be done with all of it. */
export function DagHeading({ dagId, dag }: { dagId: string; dag: DagDetails | undefined }) {
  const may = usePermissions();
  const pause = usePause();
  const openTrigger = useOpenTrigger();
  const notTriggered = dag === undefined ? null : whyNotTriggered(dag);
  return (
    <header className={classes["heading"]}>
      <div className={classes["titles"]}>
        <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
          <Title order={1} className={classes["title"]} title={dagId}>
            <Breakable id={dag?.dag_display_name ?? dagId} />
          </Title>
          {dag !== undefined && <FavoriteButton dagId={dagId} isFavorite={dag.is_favorite} />}
          <Group gap={4} wrap="nowrap" visibleFrom="sm">
            {dag?.tags.map(({ name }) => (
              <Badge key={name} variant="default" tt="none" fw={400} size="sm">
                {name}
              </Badge>
            ))}
          </Group>
        </Group>
        {dag !== undefined && (
          <Text size="xs" c="dimmed" className={classes["about"]}>
            <Tooltip label={scheduleTip(dag)} disabled={scheduleTip(dag) === null}>
              <span>{scheduleText(dag)}</span>
            </Tooltip>
            {dag.next_dagrun_run_after !== null && dag.scheduling_state === "active" && (
              <span>
                next run <Distance at={dag.next_dagrun_run_after} />
              </span>
            )}
            {dag.owners.length > 0 && <span className={classes["owners"]}>{dag.owners.join(", ")}</span>}
            {dag.description != null && (
              <span className={classes["description"]} title={dag.description}>
                {dag.description}
              </span>
            )}
          </Text>
        )}
      </div>
      {dag !== undefined && (
        <Group gap="sm" wrap="nowrap" style={{ flex: "none" }}>
          <Switch
            checked={!dag.is_paused}
            label={dag.is_paused ? "Paused" : dag.scheduling_state === "draining" ? "Draining" : "On"}
            color={dag.scheduling_state === "draining" ? "yellow" : undefined}
            classNames={{ labelWrapper: classes["wideOnly"] ?? "" }}
            aria-label={`${dagId} is ${switchWord(dag)}`}
            disabled={!may("dags:edit", dagId) || pause.isPending}
            onChange={(event) => pause.mutate({ dagId, isPaused: !event.currentTarget.checked })}
          />
          <SchedulingMenu dag={dag} />
          {may("dag_runs:create", dagId) && (
            <Tooltip label={notTriggered} disabled={notTriggered === null}>
              <Button
                size="xs"
                className={classes["trigger"] ?? ""}
                leftSection={<IconPlayerPlay size={14} />}
                // Not `disabled`: the reason could not be read then.
                data-disabled={notTriggered !== null || undefined}
                aria-disabled={notTriggered !== null}
                onClick={() => notTriggered === null && openTrigger(dagId)}
              >
                Trigger
              </Button>
            </Tooltip>
          )}
        </Group>
      )}
    </header>
  );
}
