import { ActionIcon, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { memo } from "react";
import type { Grid } from "../api/read-models.ts";
import type { Selection } from "../grid/selection.ts";
import { formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { SelectedGroup } from "./selected-group.tsx";
import { SelectedRun } from "./selected-run.tsx";
import { SelectedTask } from "./selected-task.tsx";
import classes from "./selection-panel.module.css";

interface SelectionPanelProps {
  dagId: string;
  grid: Grid;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onClose: () => void;
}

/** What is selected: a run, a task or group of it, or one instance of a mapped task. A task without a run is shown in the newest one. */
export const SelectionPanel = memo(function SelectionPanel({ dagId, grid, selection, onSelect, onClose }: SelectionPanelProps) {
  const { task: taskId, map } = selection;
  const runId = selection.run ?? grid.runs[0]?.dag_run_id;
  const group = grid.groups.find(({ group_id: id }) => id === taskId);
  return (
    <section className={classes["panel"]} aria-label="What is selected">
      <header className={classes["head"]}>
        <nav aria-label="Selected" className={classes["path"]}>
          {runId !== undefined && (
            <button
              type="button"
              className={classes["step"]}
              aria-current={taskId === undefined || undefined}
              onClick={() => onSelect({ run: runId })}
            >
              <RunName grid={grid} runId={runId} />
            </button>
          )}
          {taskId !== undefined && (
            <button
              type="button"
              className={classes["step"]}
              aria-current={map === undefined || undefined}
              onClick={() => onSelect({ run: runId, task: taskId })}
            >
              {taskId}
            </button>
          )}
          {map !== undefined && <span className={classes["step"]}>{map}</span>}
        </nav>
        <Tooltip label="Close">
          <ActionIcon variant="subtle" color="gray" aria-label="Close" onClick={onClose}>
            <IconX size={16} />
          </ActionIcon>
        </Tooltip>
      </header>
      {runId === undefined ? (
        <p className={classes["nothing"]}>The DAG has not run yet.</p>
      ) : taskId === undefined ? (
        <SelectedRun key={runId} dagId={dagId} runId={runId} />
      ) : group !== undefined ? (
        <SelectedGroup key={`${runId} ${taskId}`} grid={grid} runId={runId} group={group} onSelect={onSelect} />
      ) : (
        <SelectedTask
          key={`${runId} ${taskId}`}
          dagId={dagId}
          runId={runId}
          taskId={taskId}
          mapIndex={map}
          onInstance={(mapIndex) => onSelect({ run: runId, task: taskId, map: mapIndex })}
        />
      )}
    </section>
  );
});

/** A run by the time it is for, which is shorter than its id. */
function RunName({ grid, runId }: { grid: Grid; runId: string }) {
  const { zone } = useTimeZone();
  const run = grid.runs.find(({ dag_run_id: id }) => id === runId);
  return <span title={runId}>{run === undefined ? runId : formatInstant(run.run_after, zone, { seconds: false })}</span>;
}
