import type { Gantt, GanttTask, GanttTry } from "../api/dag-runs-page.ts";
import type { GridRow } from "../grid/grid-rows.ts";
import { worstState } from "../states/state-look.ts";
import type { Span } from "./critical-path.ts";

/** What a try did for a while. */
export interface GanttPart extends Span {
  /** `scheduled`: could run, and waited for a place. `queued`: waited for a worker. `ran`: ran. */
  kind: "scheduled" | "queued" | "ran";
  /** It goes on. */
  isOpen: boolean;
}

export interface GanttBar extends Span {
  tryNumber: number;
  state: string | null;
  /** More than one: of a mapped task, from the first start to the last end. */
  instances: number;
  counts: GanttTask["counts"];
  parts: readonly GanttPart[];
  reschedules: number;
}

const RUNNING: ReadonlySet<string | null> = new Set(["running", "restarting"]);
const WAITING: ReadonlySet<string | null> = new Set(["scheduled", "queued"]);

/** The bars of a task: one for each try, or one for all instances of a mapped task. */
export function taskBars({ tries, counts, instances }: GanttTask, now: number): GanttBar[] {
  return tries.flatMap((one) => {
    const state = instances > 1 ? (worstState(counts.map(([each]) => each)) ?? null) : one.state;
    const isLive = instances > 1 ? one.end_date === null && one.start_date !== null : RUNNING.has(state);
    const parts = partsOf(one, state, isLive, now);
    const [first] = parts;
    if (first === undefined) return [];
    const last = parts.at(-1)!;
    return [{ tryNumber: one.try_number, state, instances, counts, parts, reschedules: one.reschedules, startMs: first.startMs, endMs: last.endMs }];
  });
}

function partsOf(one: GanttTry, state: string | null, isLive: boolean, now: number): GanttPart[] {
  const scheduled = toMs(one.scheduled_when);
  const queued = toMs(one.queued_when);
  const started = toMs(one.first_start) ?? toMs(one.start_date);
  const ended = toMs(one.end_date);
  const parts: GanttPart[] = [];
  const add = (kind: GanttPart["kind"], startMs: number | null, endMs: number | null, isOpen: boolean) => {
    if (startMs === null || (endMs === null && !isOpen)) return;
    parts.push({ kind, startMs, endMs: Math.max(startMs, endMs ?? now), isOpen: isOpen && endMs === null });
  };
  const isWaiting = WAITING.has(state);
  add("scheduled", scheduled, queued ?? started, isWaiting && queued === null);
  add("queued", queued, started, isWaiting);
  add("ran", started, ended, isLive);
  return parts;
}

function toMs(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}

/** All that the drawing needs: the bars of every task, and from when to when they are. */
export interface GanttChart extends Span {
  bars: ReadonlyMap<string, readonly GanttBar[]>;
  /** When each task ran, from its first start to its last end; waiting is not in it. */
  spans: ReadonlyMap<string, Span>;
}

/** A run that has not begun, or none of whose tasks has: undefined. */
export function ganttChart(
  { tasks }: Pick<Gantt, "tasks">,
  run: { startMs: number | null; endMs: number | null },
  now: number,
): GanttChart | undefined {
  const bars = new Map(tasks.map((task) => [task.task_id, taskBars(task, now)]));
  const all = [...bars.values()].flat();
  if (all.length === 0) return undefined;
  const spans = new Map<string, Span>();
  for (const [taskId, ofTask] of bars) {
    const ran = ofTask.flatMap((bar) => bar.parts.filter((part) => part.kind === "ran"));
    const first = ran[0];
    if (first !== undefined) spans.set(taskId, { startMs: first.startMs, endMs: Math.max(...ran.map((part) => part.endMs)) });
  }
  const startMs = Math.min(run.startMs ?? Infinity, ...all.map((bar) => bar.startMs));
  const isLive = run.endMs === null;
  const endMs = Math.max(startMs + 1, isLive ? now : 0, ...all.map((bar) => bar.endMs));
  return { bars, spans, startMs, endMs };
}

/** When the tasks of a group were at it, waiting included; undefined: none was. */
export function groupSpan(row: Extract<GridRow, { kind: "group" }>, taskIds: readonly string[], { bars }: GanttChart): Span | undefined {
  let span: Span | undefined;
  for (const place of row.places) {
    for (const { startMs, endMs } of bars.get(taskIds[place]!) ?? []) {
      span = span === undefined ? { startMs, endMs } : { startMs: Math.min(span.startMs, startMs), endMs: Math.max(span.endMs, endMs) };
    }
  }
  return span;
}
