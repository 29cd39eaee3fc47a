import { ActionIcon, Skeleton, Tooltip } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useQuery } from "@tanstack/react-query";
import { memo, type MouseEvent, type PointerEvent, useEffect, useMemo, useRef } from "react";
import { ganttQuery, graphQuery } from "../api/dag-runs-page.ts";
import type { Grid, GridRun } from "../api/read-models.ts";
import type { GridRow } from "../grid/grid-rows.ts";
import { ROW_HEIGHT } from "../grid/grid-size.ts";
import type { RowScroll } from "../grid/row-scroll.ts";
import type { Selection } from "../grid/selection.ts";
import { Empty } from "../parts/empty.tsx";
import { HoverTip, type HoverTipHandle } from "../parts/hover-tip.tsx";
import { Problem } from "../parts/problem.tsx";
import { formatDurationMs } from "../time/format.ts";
import { useNow } from "../time/now.ts";
import { criticalPath } from "./critical-path.ts";
import { ganttChart, type GanttChart } from "./gantt-bars.ts";
import { GanttAxis } from "./gantt-axis.tsx";
import { GanttLine } from "./gantt-line.tsx";
import { GanttPath } from "./gantt-path.tsx";
import { GanttTip } from "./gantt-tip.tsx";
import { useZoom } from "./use-zoom.ts";
import classes from "./gantt-view.module.css";

export interface GanttViewProps {
  dagId: string;
  grid: Grid;
  rows: readonly GridRow[];
  /** The run that is shown: the selected one, else the newest. */
  runId: string | undefined;
  selection: Selection;
  /** Given where it stands beside the grid: its lines are the grid's rows, which have the names. */
  rowScroll?: RowScroll | undefined;
  onFold: (groupId: string) => void;
  onSelect: (selection: Selection) => void;
}

const ENDED: ReadonlySet<string | undefined> = new Set(["success", "failed"]);

/** When the tasks of a run waited and ran, and which of them its length is made of. */
export const GanttView = memo(function GanttView(props: GanttViewProps) {
  const { dagId, grid, runId } = props;
  const run = grid.runs.find((one) => one.dag_run_id === runId);
  const isLive = run !== undefined && !ENDED.has(run.state);
  const { data, error, refetch } = useQuery(ganttQuery(dagId, runId, isLive));
  const { data: graph } = useQuery(graphQuery(dagId, run?.dag_version ?? grid.version_number));
  const now = useNow(isLive ? 1000 : 3_600_000);
  const chart = useMemo(
    () =>
      data === undefined ? undefined : ganttChart(data, { startMs: toMs(run?.start_date), endMs: isLive ? null : (toMs(run?.end_date) ?? now) }, now),
    [data, run?.start_date, run?.end_date, isLive, now],
  );
  const upstreams = useMemo(() => new Map(graph?.tasks.map((task) => [task.task_id, task.upstream.map((up) => up.task_id)])), [graph]);
  const path = useMemo(() => (chart === undefined ? [] : criticalPath(upstreams, chart.spans)), [upstreams, chart]);
  if (runId === undefined) return <Empty title="It has not run yet" />;
  if (data === undefined)
    return error === null ? <Skeleton h="100%" role="status" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  if (chart === undefined) return <Empty title="Nothing has begun in this run" />;
  return <Chart {...props} chart={chart} path={path} run={run} />;
});

function toMs(iso: string | null | undefined): number | null {
  return iso == null ? null : Date.parse(iso);
}

function Chart({
  grid,
  rows,
  runId,
  selection,
  rowScroll,
  onFold,
  onSelect,
  chart,
  path,
}: GanttViewProps & { chart: GanttChart; path: readonly string[]; run: GridRun | undefined }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, sizeRef);
  const tip = useRef<HoverTipHandle>(null);
  const hasNames = rowScroll === undefined;
  const names = hasNames ? Math.round(Math.min(220, Math.max(96, width * 0.26))) : 0;
  const { zoom, change, isFitted } = useZoom(scroller, names);
  const track = Math.max(80, width - names - 12) * zoom;
  const perMs = track / (chart.endMs - chart.startMs);
  const taskIds = useMemo(() => grid.tasks.map((task) => task.task_id), [grid.tasks]);
  const critical = useMemo(() => new Set(path), [path]);
  const axis = hasNames ? 30 : 78;
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollPaddingEnd: axis,
  });

  useEffect(() => (scroller.current === null || rowScroll === undefined ? undefined : rowScroll.join(scroller.current)), [rowScroll]);
  const selectedRow = rows.findIndex((row) => row.id === selection.task);
  useEffect(() => {
    if (selectedRow >= 0 && hasNames) lines.scrollToIndex(selectedRow, { align: "auto" });
    // Only a choice moves the lines, not what changes around it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [selection.task]);

  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement;
    const row = rows[Number(target.closest<HTMLElement>("[data-line]")?.dataset["line"])];
    if (row === undefined) return;
    if (row.kind === "group" && (target.closest("[data-fold]") !== null || event.detail === 2)) onFold(row.id);
    else if (event.detail < 2) onSelect({ run: selection.run ?? runId, task: row.id });
  };
  const onPointerMove = (event: PointerEvent) => {
    const bar = (event.target as HTMLElement).closest<HTMLElement>("[data-bar]");
    const row = rows[Number(bar?.closest<HTMLElement>("[data-line]")?.dataset["line"])];
    if (event.pointerType === "touch" || bar === null || row === undefined) return tip.current?.hide();
    const index = Number(bar.dataset["bar"]);
    tip.current?.show(bar, () => <GanttTip row={row} chart={chart} taskIds={taskIds} index={index} isCritical={critical.has(row.id)} />, {
      x: event.clientX,
      y: event.clientY,
    });
  };

  const [from, to] = [chart.spans.get(path[0] ?? ""), chart.spans.get(path.at(-1) ?? "")];
  return (
    <div className={classes["view"]}>
      <div className={classes["bar"]}>
        <span className={classes["title"]}>Gantt</span>
        {from !== undefined && to !== undefined && path.length > 1 && (
          <Tooltip multiline maw={300} label={`What the run's length is made of: ${path.join(" → ")}`}>
            <span className={classes["legend"]} tabIndex={0}>
              Critical path · {path.length} tasks · {formatDurationMs(to.endMs - from.startMs)}
            </span>
          </Tooltip>
        )}
        <span className={classes["space"]} />
        <Tool label="Closer" onClick={() => change(1.6)}>
          <IconZoomIn size={15} />
        </Tool>
        <Tool label="Further away" onClick={() => change(1 / 1.6)} isDisabled={isFitted}>
          <IconZoomOut size={15} />
        </Tool>
        <Tool label="The whole run" onClick={() => change(0)} isDisabled={isFitted}>
          <IconZoomReset size={15} />
        </Tool>
      </div>
      <div
        ref={ref}
        className={classes["scroller"]}
        role="group"
        aria-label="When the tasks waited and ran"
        tabIndex={0}
        data-states
        onClick={onClick}
        onPointerMove={onPointerMove}
        onPointerLeave={() => tip.current?.hide()}
        onScroll={() => tip.current?.hide()}
      >
        {/* Before it is known how wide it is, all bars would be drawn at the left. */}
        <div
          className={classes["content"]}
          style={{ width: names + track + 12, height: lines.getTotalSize() + axis, visibility: width === 0 ? "hidden" : undefined }}
        >
          <GanttAxis chart={chart} names={names} perMs={perMs} track={track} height={axis} />
          {selectedRow >= 0 && <div className={classes["chosen"]} style={{ top: axis + selectedRow * ROW_HEIGHT, height: ROW_HEIGHT }} />}
          {lines.getVirtualItems().map(({ index, start }) => {
            const row = rows[index]!;
            return (
              <GanttLine
                key={row.key}
                row={row}
                index={index}
                top={start + axis}
                names={names}
                chart={chart}
                taskIds={taskIds}
                perMs={perMs}
                isCritical={critical.has(row.id)}
                isSelected={index === selectedRow}
              />
            );
          })}
          <GanttPath path={path} rows={rows} chart={chart} left={names} top={axis} perMs={perMs} />
        </div>
      </div>
      <HoverTip ref={tip} />
    </div>
  );
}

function Tool({
  label,
  onClick,
  isDisabled = false,
  children,
}: {
  label: string;
  onClick: () => void;
  isDisabled?: boolean;
  children: React.ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={26} aria-label={label} onClick={onClick} disabled={isDisabled}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
