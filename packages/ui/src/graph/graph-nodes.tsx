import { type Node, type NodeProps } from "@xyflow/react";
import {
  IconArrowBigDownLine,
  IconArrowBigUpLine,
  IconArrowFork,
  IconChevronRight,
  IconPlayerSkipForward,
  IconRadar2,
  IconRepeat,
} from "@tabler/icons-react";
import { memo } from "react";
import type { GraphTask } from "../api/dag-runs-page.ts";
import { describeCell } from "../grid/grid-line.tsx";
import type { CellSummary } from "../grid/grid-rows.ts";
import { lookOf } from "../states/state-look.ts";
import type { GraphNode } from "./graph-elements.ts";
import { ORDINARY_RULES } from "./graph-layout.ts";
import { useMarks } from "./graph-store.ts";
import classes from "./graph-view.module.css";

// Not "group": what React Flow calls so has looks of its own.
export type TaskFlowNode = Node<{ node: Extract<GraphNode, { kind: "task" }> }, "task">;
export type GroupFlowNode = Node<{ node: Extract<GraphNode, { kind: "group" }> }, "frame">;

/** A task: its state in the run that is shown, its name, and what is special about it. */
export const TaskNode = memo(function TaskNode({ data: { node } }: NodeProps<TaskFlowNode>) {
  const { task } = node;
  const cell = useMarks((marks) => marks.cells.get(node.id));
  return (
    <Card id={node.id} cell={cell} label={`${task.task_id}, ${task.operator}`} kind="task">
      <span className={classes["sign"]} data-state={cell === undefined ? undefined : (cell.state ?? "none")} />
      <span className={classes["text"]}>
        <span className={classes["label"]}>{node.label}</span>{" "}
        <span className={classes["sub"]}>
          {cell !== undefined && cell.instances > 1 ? <Counts cell={cell} /> : task.operator}
          {!ORDINARY_RULES.has(task.trigger_rule) && <span className={classes["rule"]}>{task.trigger_rule}</span>}
        </span>
      </span>
      <TaskSigns task={task} />
    </Card>
  );
});

/** A group: folded like a task that sums up what is in it, open as a frame around that. */
export const GroupNode = memo(function GroupNode({ data: { node } }: NodeProps<GroupFlowNode>) {
  const { group, isFolded } = node;
  const cell = useMarks((marks) => marks.cells.get(node.id));
  return (
    <Card id={node.id} cell={cell} label={`Group ${group.group_id}, ${node.tasks} tasks`} kind={isFolded ? "folded" : "open"} isExpanded={!isFolded}>
      <span className={classes["fold"]} data-fold={node.id} data-open={!isFolded || undefined}>
        <IconChevronRight size={14} aria-hidden />
      </span>
      {isFolded && <span className={classes["sign"]} data-state={cell === undefined ? undefined : (cell.state ?? "none")} />}
      <span className={classes["text"]}>
        <span className={classes["label"]}>{node.label}</span>
        {isFolded && (
          <span className={classes["sub"]}>
            {node.tasks} tasks
            {cell !== undefined && cell.counts.length > 1 && <Counts cell={cell} />}
          </span>
        )}
      </span>
      {group.is_mapped && <span className={classes["times"]}>×</span>}
      {group.max_iterations !== null && <IconRepeat size={14} className={classes["special"]} aria-label={`loop, at most ${group.max_iterations}`} />}
      {group.retries > 0 && <span className={classes["times"]}>↻{group.retries}</span>}
    </Card>
  );
});

interface CardProps {
  id: string;
  cell: CellSummary | undefined;
  label: string;
  kind: "task" | "folded" | "open";
  isExpanded?: boolean;
  children: React.ReactNode;
}

function Card({ id, cell, label, kind, isExpanded, children }: CardProps) {
  const isSelected = useMarks((marks) => marks.selected === id);
  const isActive = useMarks((marks) => marks.active === id);
  const words = cell === undefined ? label : `${label}: ${describeCell(cell)}`;
  return (
    <div
      className={classes["card"]}
      role="button"
      tabIndex={isActive ? 0 : -1}
      aria-pressed={isSelected}
      title={words}
      data-node={id}
      data-kind={kind}
      data-state={cell === undefined ? undefined : (cell.state ?? "none")}
      data-many={cell !== undefined && cell.instances > 1 && kind === "task" ? true : undefined}
      {...(isExpanded === undefined ? {} : { "aria-expanded": isExpanded })}
    >
      {children}
      {cell !== undefined && <span className="visually-hidden">, {describeCell(cell)}</span>}
    </div>
  );
}

/** A bar with a part for each state. */
function Counts({ cell }: { cell: CellSummary }) {
  return (
    <span className={classes["counts"]}>
      <span className={classes["parts"]}>
        {cell.counts.map(([state, instances]) => (
          <span key={state} style={{ flexGrow: instances, background: lookOf(state).fill }} />
        ))}
      </span>
      {cell.instances}
    </span>
  );
}

function TaskSigns({ task }: { task: GraphTask }) {
  return (
    <>
      {task.is_mapped && <span className={classes["times"]}>×</span>}
      {task.is_setup && <IconArrowBigUpLine size={14} className={classes["special"]} aria-label="setup" />}
      {task.is_teardown && <IconArrowBigDownLine size={14} className={classes["special"]} aria-label="teardown" />}
      {task.kind === "branch" && <IconArrowFork size={14} className={classes["special"]} aria-label="branch" />}
      {task.kind === "short_circuit" && <IconPlayerSkipForward size={14} className={classes["special"]} aria-label="short circuit" />}
      {task.kind === "loop_gate" && <IconRepeat size={14} className={classes["special"]} aria-label="ends or repeats the loop" />}
      {task.is_sensor && <IconRadar2 size={14} className={classes["special"]} aria-label="sensor" />}
    </>
  );
}
