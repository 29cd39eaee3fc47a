import { api } from "../api/client.ts";
import type { TaskInstance } from "../api/queries.ts";
import {
  type Affected,
  type ChangeOptions,
  distinct,
  groupByRun,
  inParts,
  type InstanceChange,
  type InstanceTarget,
  isTouchedByRunMark,
  type RunChange,
  type RunTarget,
} from "./change-model.ts";
import { runSteps, type StepResults } from "./run-steps.ts";

/** What is asked of the server: something about runs, or about task instances. */
export type Change =
  | { kind: "runs"; change: RunChange; targets: readonly RunTarget[] }
  | { kind: "instances"; change: InstanceChange; targets: readonly InstanceTarget[] };

export interface Preview {
  affected: Affected[];
  /** More than these there are too: the server gives a page of what a run has. */
  more: number;
  failures: StepResults<unknown>["failures"];
}

interface Progress {
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

type Touched = { affected: readonly Affected[]; more: number };

/** What a change would touch, by dry runs of it. */
export async function previewChange(change: Change, options: ChangeOptions, progress: Progress): Promise<Preview> {
  const { results, failures } = await runSteps(previewSteps(change, options, progress.signal), progress);
  return {
    affected: distinct(results.flatMap(({ affected }) => affected)),
    more: results.reduce((sum, { more }) => sum + more, 0),
    failures,
  };
}

/** Does it. `results`: one by step, however many instances that touched. */
export async function applyChange(change: Change, options: ChangeOptions, progress: Progress): Promise<StepResults<number>> {
  return runSteps(applySteps(change, options), progress);
}

/** How many requests a change takes: what its progress counts to. */
export function stepCount(change: Change, options: ChangeOptions): number {
  if (!isClear(change.change)) return change.targets.length;
  return change.kind === "instances" ? groupByRun(change.targets).length : clearParts(change.targets, options).length;
}

/** New tasks are told without the run that gets them, so each run is asked about by itself. */
function clearParts(runs: readonly RunTarget[], { onlyNew }: ChangeOptions): RunTarget[][] {
  return onlyNew ? runs.map((run) => [run]) : inParts(runs);
}

function isClear(change: RunChange | InstanceChange): boolean {
  return change === "clear" || change === "retry";
}

function previewSteps(change: Change, options: ChangeOptions, signal: AbortSignal | undefined): (() => Promise<Touched>)[] {
  if (change.kind === "runs") {
    if (isClear(change.change)) {
      return clearParts(change.targets, options).map((runs) => async () => ({ affected: await clearRuns(runs, options, true, signal), more: 0 }));
    }
    const mark = change.change;
    return change.targets.map((run) => async () => {
      const { instances, total } = await instancesOfRun(run, signal);
      const affected = mark === "success" || mark === "failed" ? instances.filter(({ state }) => isTouchedByRunMark(state, mark)) : instances;
      return { affected, more: total - instances.length };
    });
  }
  if (isClear(change.change)) {
    return groupByRun(change.targets).map(({ run, tasks }) => async () => ({
      affected: await clearTasks(run, tasks, options, true, signal),
      more: 0,
    }));
  }
  const mark = change.change;
  return change.targets.map((target) => async () => ({ affected: await markInstance(target, mark as Mark, options, true, signal), more: 0 }));
}

function applySteps(change: Change, options: ChangeOptions): (() => Promise<number>)[] {
  if (change.kind === "runs" && isClear(change.change)) {
    return clearParts(change.targets, options).map((runs) => async () => {
      await clearRuns(runs, options, false);
      return runs.length;
    });
  }
  if (change.kind === "runs") return change.targets.map((run) => () => changeRun(run, change.change as RunOnlyChange, options));
  if (isClear(change.change)) {
    return groupByRun(change.targets).map(
      ({ run, tasks }) =>
        async () =>
          (await clearTasks(run, tasks, options, false)).length,
    );
  }
  if (change.change === "note") {
    return change.targets.map((target) => async () => {
      await setInstanceNote(target, options.note);
      return 1;
    });
  }
  const mark = change.change as Mark;
  return change.targets.map((target) => async () => (await markInstance(target, mark, options, false)).length);
}

type RunOnlyChange = Exclude<RunChange, "clear" | "retry">;

async function changeRun(run: RunTarget, change: RunOnlyChange, options: ChangeOptions): Promise<number> {
  const path = { dag_id: run.dagId, dag_run_id: run.runId };
  switch (change) {
    case "delete":
      await api.DELETE("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path } });
      return 1;
    case "note":
      await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path }, body: { note: noteOf(options) } });
      return 1;
    case "success":
    case "failed":
    case "queued":
      await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path }, body: { state: change } });
      return 1;
  }
}

async function clearRuns(runs: readonly RunTarget[], options: ChangeOptions, dryRun: boolean, signal?: AbortSignal): Promise<Affected[]> {
  const { data } = await api.POST("/api/v2/dags/{dag_id}/clearDagRuns", {
    params: { path: { dag_id: "~" } },
    body: {
      dag_runs: runs.map(({ dagId, runId }) => ({ dag_id: dagId, dag_run_id: runId })),
      dry_run: dryRun,
      only_failed: options.onlyFailed,
      only_new: options.onlyNew,
      run_on_latest_version: options.onLatestVersion,
    },
    ...within(signal),
  });
  if (!("task_instances" in data!)) return [];
  return data.task_instances.map((one) => ("dag_run_id" in one ? toAffected(one) : toNewTask(runs[0]!, one)));
}

function toNewTask(run: RunTarget, { task_id: taskId, task_display_name: name }: { task_id: string; task_display_name: string }): Affected {
  return { ...run, taskId, mapIndex: -1, name, state: null };
}

async function clearTasks(
  { dagId, runId }: RunTarget,
  tasks: readonly (string | [string, number])[],
  options: ChangeOptions,
  dryRun: boolean,
  signal?: AbortSignal,
): Promise<Affected[]> {
  const { data } = await api.POST("/api/v2/dags/{dag_id}/clearTaskInstances", {
    params: { path: { dag_id: dagId } },
    body: {
      dry_run: dryRun,
      dag_run_id: runId,
      task_ids: [...tasks],
      only_failed: options.onlyFailed,
      reset_dag_runs: options.resetRuns,
      run_on_latest_version: options.onLatestVersion,
      ...around(options),
    },
    ...within(signal),
  });
  return data!.task_instances.map(toAffected);
}

type Mark = "success" | "failed" | "skipped";

async function markInstance(target: InstanceTarget, state: Mark, options: ChangeOptions, dryRun: boolean, signal?: AbortSignal): Promise<Affected[]> {
  const { path, query } = addressOf(target);
  const request = { params: { path, query }, body: { new_state: state, ...around(options) }, ...within(signal) };
  const { data } = dryRun
    ? await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run", request)
    : await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", request);
  return data!.task_instances.map(toAffected);
}

async function setInstanceNote(target: InstanceTarget, note: string): Promise<void> {
  const { path, query } = addressOf(target);
  await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
    params: { path, query },
    body: { note: note === "" ? null : note, ...around(NOTHING_AROUND) },
  });
}

const NOTHING_AROUND = { upstream: false, downstream: false, past: false, future: false };

function addressOf({ dagId, runId, taskId, mapIndex }: InstanceTarget) {
  return {
    path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
    query: mapIndex === undefined || mapIndex < 0 ? {} : { map_index: mapIndex },
  };
}

function around({ upstream, downstream, past, future }: Pick<ChangeOptions, "upstream" | "downstream" | "past" | "future">) {
  return { include_upstream: upstream, include_downstream: downstream, include_past: past, include_future: future };
}

async function instancesOfRun({ dagId, runId }: RunTarget, signal?: AbortSignal): Promise<{ instances: Affected[]; total: number }> {
  const { data } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
    params: { path: { dag_id: dagId, dag_run_id: runId }, query: { limit: 100 } },
    ...within(signal),
  });
  const instances = data!.task_instances.map(toAffected);
  return { instances, total: data!.total_entries ?? instances.length };
}

function toAffected(
  one: Pick<TaskInstance, "dag_id" | "dag_run_id" | "task_id" | "map_index" | "task_display_name" | "rendered_map_index" | "state">,
): Affected {
  const index = one.map_index < 0 ? "" : ` [${one.rendered_map_index ?? one.map_index}]`;
  return {
    dagId: one.dag_id,
    runId: one.dag_run_id,
    taskId: one.task_id,
    mapIndex: one.map_index,
    name: `${one.task_display_name}${index}`,
    state: one.state,
  };
}

function noteOf({ note }: ChangeOptions): string | null {
  return note === "" ? null : note;
}

function within(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
