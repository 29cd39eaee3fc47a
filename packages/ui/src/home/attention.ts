import type { Home, HomeComponent } from "../api/home.ts";
import type { WhyQuestion } from "../api/why.ts";

export type AttentionKind = "component" | "import_error" | "failing" | "paused" | "stuck" | "late";

/** One thing that somebody should look at. */
export interface AttentionItem {
  key: string;
  kind: AttentionKind;
  title: string;
  detail: string;
  /** Since when. */
  at: string | null;
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: number;
  /** What can be asked about it. */
  why?: WhyQuestion;
}

/** Things of a kind beyond those that are shown. */
export interface AttentionMore {
  kind: AttentionKind;
  count: number;
}

export const COMPONENT_NAMES: Readonly<Record<HomeComponent["id"], string>> = {
  scheduler: "Scheduler",
  dag_processor: "DAG processor",
  api: "API server",
  workers: "Workers",
  database: "Database",
};

/** Everything that asks for attention, what holds up most before the rest. */
export function listAttention(home: Home): { items: AttentionItem[]; more: AttentionMore[]; total: number } {
  const items = [...fromComponents(home), ...fromStuck(home), ...fromErrors(home), ...fromFailing(home), ...fromPaused(home), ...fromLate(home)];
  const failing = shownFailing(home);
  const more = (
    [
      ["import_error", home.import_errors.total - home.import_errors.items.length],
      ["failing", home.failing.total - home.failing.items.length],
      ["late", home.late.total - home.late.items.length],
    ] as const
  ).flatMap(([kind, count]) => (count > 0 ? [{ kind, count }] : []));
  const total = items.length + more.reduce((sum, { count }) => sum + count, 0);
  return { items, more, total: failing.length === 0 && total === 0 ? 0 : total };
}

function fromComponents({ components }: Home): AttentionItem[] {
  return components
    .filter(({ status }) => status === "unhealthy")
    .map(({ id, detail, last_heartbeat: at }) => ({
      key: `component ${id}`,
      kind: "component",
      title: `${COMPONENT_NAMES[id]} is not healthy`,
      detail: at === null ? `${detail}.` : "It has not been heard of for too long.",
      at,
    }));
}

function fromStuck({ stuck }: Home): AttentionItem[] {
  return stuck.items.map((item) => {
    const { state, place, queue, count, since, dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = item;
    const tasks = `${count} task${count === 1 ? "" : "s"}`;
    return {
      key: `stuck ${state} ${place} ${queue ?? ""}`,
      kind: "stuck",
      title: state === "queued" ? `${tasks} queued at executor ${place} and not begun` : `${tasks} ready, waiting for pool ${place}`,
      detail: `${queue === null ? "" : `Queue ${queue}. `}The longest: ${taskId} of ${dagId}`,
      at: since,
      ...{ dagId, runId, taskId, mapIndex },
      why: { dagId, runId, taskId, mapIndex },
    };
  });
}

function fromErrors({ import_errors: errors }: Home): AttentionItem[] {
  return errors.items.map(({ import_error_id: id, filename, line, message, timestamp }) => ({
    key: `error ${id}`,
    kind: "import_error",
    title: `${filename} does not load`,
    detail: `${line === null ? "" : `Line ${line}: `}${firstLine(message)}`,
    at: timestamp,
  }));
}

/** A DAG that was paused because it fails is told once. */
function shownFailing({ failing, paused_by_failures: paused }: Home): Home["failing"]["items"] {
  const isPaused = new Set(paused.items.map(({ dag_id: dagId }) => dagId));
  return failing.items.filter(({ dag_id: dagId }) => !isPaused.has(dagId));
}

function fromFailing(home: Home): AttentionItem[] {
  return shownFailing(home).map((item) => {
    const { dag_id: dagId, dag_run_id: runId, end_date: at, failures, task_id: taskId, map_index: mapIndex, reason } = item;
    const times = failures > 1 ? `Failed ${failures} times in 24 hours. ` : "";
    const task = taskId === null ? "" : `${taskId}${mapIndex !== null && mapIndex >= 0 ? ` [${mapIndex}]` : ""}: `;
    return {
      key: `failing ${dagId}`,
      kind: "failing",
      title: `${dagId} failed`,
      detail: `${times}${task}${reason === null ? "" : firstLine(reason)}`,
      at,
      ...{ dagId, runId },
      ...(taskId === null ? {} : { taskId, mapIndex: mapIndex ?? -1 }),
    };
  });
}

function fromPaused({ paused_by_failures: paused }: Home): AttentionItem[] {
  return paused.items.map(({ dag_id: dagId, at, reason }) => ({
    key: `paused ${dagId}`,
    kind: "paused",
    title: `${dagId} was paused by the scheduler`,
    detail: reason === null ? "It failed too often in a row." : `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
    at,
    dagId,
    why: { dagId },
  }));
}

function fromLate({ late }: Home): AttentionItem[] {
  return late.items.map(({ dag_id: dagId, next_run_at: at, is_blocked: isBlocked }) => ({
    key: `late ${dagId}`,
    kind: "late",
    title: `${dagId} is late`,
    detail: isBlocked ? "As many runs as it may have are under way." : "Its next run is due and was not made.",
    at,
    dagId,
    why: { dagId },
  }));
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!;
}
