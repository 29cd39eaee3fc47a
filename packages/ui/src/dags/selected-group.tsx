import { useMemo } from "react";
import type { Grid, StructureGroup } from "../api/read-models.ts";
import { TaskInstanceActions } from "../changes/task-instance-actions.tsx";
import { describeCell } from "../grid/grid-line.tsx";
import { cellOf, gridRows, shortName } from "../grid/grid-rows.ts";
import type { Selection } from "../grid/selection.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { FactList } from "./fact-list.tsx";
import classes from "./selection-panel.module.css";

interface SelectedGroupProps {
  grid: Grid;
  runId: string;
  group: StructureGroup;
  onSelect: (selection: Selection) => void;
}

const NOTHING_FOLDED: ReadonlySet<string> = new Set();

/** What a group's tasks did in a run, each of which leads on to its own. */
export function SelectedGroup({ grid, runId, group, onSelect }: SelectedGroupProps) {
  const rows = useMemo(() => gridRows(grid, NOTHING_FOLDED), [grid]);
  const run = grid.runs.find(({ dag_run_id: id }) => id === runId);
  const row = rows.find(({ id }) => id === group.group_id);
  if (row?.kind !== "group") return null;
  const summary = run === undefined ? undefined : cellOf(row, run, grid.letters);
  const inside = rows.flatMap((each) => (each.kind === "task" && row.places.includes(each.place) ? [each] : []));
  return (
    <>
      <div className={classes["counts"]}>
        {summary?.counts.map(([state, instances]) => (
          <span key={state} className={classes["state"]}>
            <StateBadge state={state} /> {instances}
          </span>
        ))}
      </div>
      <TaskInstanceActions instances={inside.map(({ id }) => ({ dagId: grid.dag_id, runId, taskId: id }))} name={`the group ${group.group_id}`} />
      <FactList
        facts={[
          ["About", group.tooltip === "" ? null : group.tooltip],
          ["Tasks", row.places.length],
          ["Mapped", group.is_mapped ? "its tasks run once for each of its inputs" : null],
          ["Loop", group.max_iterations === null ? null : `at most ${group.max_iterations} iterations`],
          ["Retries", group.retries === 0 ? null : `${group.retries}, of the whole group`],
        ]}
      />
      <ul className={classes["list"]}>
        {inside.map((task) => {
          const cell = run === undefined ? undefined : cellOf(task, run, grid.letters);
          return (
            <li key={task.id}>
              <button type="button" className={classes["item"]} onClick={() => onSelect({ run: runId, task: task.id })}>
                <span className={classes["itemName"]}>{shortName(task.id, group.group_id)}</span>
                {cell === undefined ? (
                  <span className={classes["dim"]}>–</span>
                ) : cell.instances > 1 ? (
                  <span>{describeCell(cell)}</span>
                ) : (
                  <StateBadge state={cell.state} />
                )}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
