import type { Json, MaybeState, TaskSpec } from "@tradewind/core";
import { isOver, type ModelInstance, nameOf, type RunModel } from "./run-model.ts";

// What happens to runs from outside: attempts begin and end, time passes, people change things. Each function changes states and leaves it to `settle` what follows.

export type Outcome =
  | { kind: "success"; result: Json | undefined }
  | { kind: "skipped" }
  | { kind: "rescheduled" }
  | { kind: "failed"; retryable: boolean };

/** An attempt gets a lease; `running` when it is started too. */
export function takeAttempt(instance: ModelInstance, attemptId: string): void {
  const name = nameOf(instance);
  if (instance.state !== "scheduled") throw new Error(`The engine dispatched ${name}, which is ${instance.state} to the model.`);
  if (instance.attempt !== null) throw new Error(`The engine dispatched ${name}, whose last attempt has not stopped yet.`);
  instance.state = "queued";
  instance.attempt = { attemptId, isRunning: false };
}

export function startAttempt(instance: ModelInstance, attemptId: string): boolean {
  if (instance.attempt?.attemptId !== attemptId || instance.state !== "queued") return false;
  instance.state = "running";
  instance.attempt.isRunning = true;
  instance.result = undefined;
  instance.decided = false;
  return true;
}

/** The start of an attempt was refused since what it takes is not there any more: it has failed. */
export function refuseAttempt(run: RunModel, instance: ModelInstance): void {
  instance.attempt = null;
  fail(run, run.dag.task(instance.taskId), instance, true);
}

/** The process of an attempt has ended. Whether that counts: not when its instance has moved on since. */
export function endAttempt(run: RunModel, instance: ModelInstance, attemptId: string, outcome: Outcome): boolean {
  if (instance.attempt?.attemptId !== attemptId) return false;
  instance.attempt = null;
  if (instance.state === "restarting") instance.state = null;
  if (instance.state !== "running") return false;
  const task = run.dag.task(instance.taskId);
  if (outcome.kind === "skipped") instance.state = "skipped";
  else if (outcome.kind === "rescheduled") reschedule(instance);
  else if (outcome.kind === "failed") fail(run, task, instance, outcome.retryable);
  else succeed(run, task, instance, outcome.result);
  return true;
}

/** "frees both, a row records next time; state up_for_reschedule"; "try_number +1 unless from up_for_reschedule" */
function reschedule(instance: ModelInstance): void {
  instance.state = "up_for_reschedule";
  instance.reschedules += 1;
}

function succeed(run: RunModel, task: TaskSpec, instance: ModelInstance, result: Json | undefined): void {
  instance.state = "success";
  instance.result = result;
  instance.decided = true;
  if (task.kind === "loop_gate") run.passGate(task, instance);
  if (instance.state !== "success" && run.dag.spec.failFast) failFast(run);
}

function fail(run: RunModel, task: TaskSpec, instance: ModelInstance, retryable: boolean): void {
  if (retryable && task.retries > 0 && instance.tryNumber <= instance.maxTries) {
    instance.state = "up_for_retry";
    return;
  }
  instance.state = "failed";
  if (run.dag.spec.failFast && !task.isTeardown) failFast(run);
}

/** "first failure (no retries left) fails running tasks and skips the rest, teardowns excepted" */
function failFast(run: RunModel): void {
  for (const other of run.instances) {
    if (isOver(other.state) || run.dag.task(other.taskId).isTeardown) continue;
    withdraw(other, other.state === "running" ? "failed" : "skipped");
  }
}

/** An attempt that nobody has started is gone at once; one that runs keeps what it holds until its process has ended. */
function withdraw(instance: ModelInstance, state: MaybeState): void {
  instance.state = state;
  if (instance.attempt?.isRunning === false) instance.attempt = null;
}

/** A queued run begins; its time counts from now when it had ended before. */
export function startRun(run: RunModel): void {
  run.state = "running";
  run.elapsedMs = 0;
}

/** "if now > run.start + timeout the run -> failed, all unfinished TIs -> skipped"; then every wait for another try is over. */
export function passTime(run: RunModel, ms: number): void {
  if (run.state !== "running") return;
  run.elapsedMs += ms;
  const { dagrunTimeoutMs } = run.dag.spec;
  if (dagrunTimeoutMs === null || run.elapsedMs <= dagrunTimeoutMs) return passDelays(run);
  run.state = "failed";
  run.marked = null;
  for (const instance of run.instances) if (!isOver(instance.state)) withdraw(instance, "skipped");
}

/** Every wait for another try, and for another poke, is over: of instances and of groups. */
function passDelays(run: RunModel): void {
  const groups = run.dag.spec.groups.filter((group) => run.isRetryDue(group));
  for (const group of groups) {
    run.groupRetries.set(group.groupId, (run.groupRetries.get(group.groupId) ?? 0) + 1);
    for (const { groupId } of run.dag.groupsIn(group)) run.groupRetries.delete(groupId);
    const inside = run.dag.tasksIn(group);
    // A process that was told to stop may be at work yet: its instance waits for it in the queue.
    reset(
      run,
      run.instances.filter(({ state, taskId }) => state !== "removed" && inside.some((task) => task.taskId === taskId)),
      () => null,
    );
  }
  const waiting = run.instances.filter(({ state }) => state === "up_for_retry" || state === "up_for_reschedule");
  const verdicts = waiting.map((instance) => run.verdict(run.dag.task(instance.taskId), instance));
  for (const [index, instance] of waiting.entries()) {
    const verdict = verdicts[index]!;
    if (verdict === "run") run.begin(run.dag.task(instance.taskId), instance);
    else if (typeof verdict === "object") instance.state = verdict.byMapping;
    else if (verdict !== "wait" && verdict !== "expand") instance.state = verdict;
  }
}

export interface Selection {
  taskIds: readonly string[];
  /** Only this instance of the first one. */
  mapIndex: number | null;
  includeUpstream: boolean;
  includeDownstream: boolean;
}

export interface ClearChoice extends Selection {
  onlyFailed: boolean;
  onlyRunning: boolean;
  /** Whether a finished run begins again. */
  resetDagRuns: boolean;
}

/** "Clearing a task also clears its setups and teardowns." */
export function listToClear(run: RunModel, choice: ClearChoice): ModelInstance[] {
  const passes = ({ state }: ModelInstance): boolean =>
    (!choice.onlyFailed && !choice.onlyRunning) ||
    (choice.onlyFailed && (state === "failed" || state === "upstream_failed")) ||
    (choice.onlyRunning && state === "running");
  return run.instances.filter((instance) => instance.state !== "removed" && isSelected(run, instance, choice, true) && passes(instance));
}

/** Whether an instance is meant. Of tasks around a single instance all instances are, but in a mapped group or loop that both are in only the one of that index. */
function isSelected(run: RunModel, { taskId, mapIndex }: ModelInstance, choice: Selection, withSetups: boolean): boolean {
  return choice.taskIds.some((target, place) => {
    const index = place === 0 ? choice.mapIndex : null;
    if (taskId === target) return index === null || mapIndex === index;
    const related = new Set<string>([target]);
    if (choice.includeUpstream) for (const id of run.dag.above(target)) related.add(id);
    if (choice.includeDownstream) for (const id of run.dag.below(target)) related.add(id);
    if (withSetups) for (const id of [...related]) for (const other of setupsWith(run, id)) related.add(other);
    if (!related.has(taskId)) return false;
    const multiplier = run.dag.multiplierOf(run.dag.task(target));
    const isTogether = multiplier !== undefined && run.dag.multiplierOf(run.dag.task(taskId)) === multiplier;
    return index === null || !isTogether || mapIndex === index;
  });
}

/** Of a task the setups in whose scope it is, with their teardowns; of a setup its teardowns. */
function setupsWith(run: RunModel, taskId: string): string[] {
  const task = run.dag.task(taskId);
  if (task.isTeardown) return [];
  const setups = task.isSetup ? [task] : run.dag.setupsOf(task);
  return setups.flatMap((setup) => [setup.taskId, ...run.dag.children(setup.taskId).flatMap((child) => (child.isTeardown ? [child.taskId] : []))]);
}

/** Cleared groups have all their tries again. "Clearing a gate clears later iterations": they come up again when an earlier one leads to them. */
export function clearInstances(run: RunModel, instances: readonly ModelInstance[], resetDagRuns = true): void {
  reset(run, instances, ({ attempt }) => (attempt?.isRunning === true ? "restarting" : null));
  for (const { taskId } of instances) for (const { groupId } of run.dag.groupsOf(run.dag.task(taskId))) run.groupRetries.delete(groupId);
  if (instances.length === 0 || !resetDagRuns) return;
  if (run.state !== "running") run.marked = null;
  if (run.state !== "running") run.state = "queued";
}

function reset(run: RunModel, instances: readonly ModelInstance[], stateOf: (instance: ModelInstance) => MaybeState): void {
  const isSuperseded = ({ taskId, mapIndex }: ModelInstance): boolean => {
    const loop = run.dag.multiplierOf(run.dag.task(taskId))?.loop ?? null;
    return loop !== null && instances.some((gate) => gate.taskId === loop.gateTaskId && gate.mapIndex < mapIndex);
  };
  for (const instance of run.instances) {
    if (instance.state !== "removed" && isSuperseded(instance)) withdraw(instance, "removed");
    else if (instances.includes(instance)) {
      instance.maxTries = instance.tryNumber + run.dag.task(instance.taskId).retries;
      // What a branch decided goes when the branch itself is cleared.
      instance.decided = false;
      withdraw(instance, stateOf(instance));
    }
  }
}

export interface MarkChoice extends Selection {
  state: "success" | "failed" | "skipped";
}

/** "Setting a TI's state … also clears the failed and upstream_failed tasks below it, so they are re-evaluated." */
export function mark(run: RunModel, choice: MarkChoice): void {
  const { taskIds, state } = choice;
  const marked = run.instances.filter(
    (instance) => isSelected(run, instance, choice, false) && instance.state !== state && instance.state !== "removed",
  );
  const below = new Set(taskIds.flatMap((taskId) => [...run.dag.below(taskId)]));
  const failed = run.instances.filter(
    (instance) => below.has(instance.taskId) && !marked.includes(instance) && (instance.state === "failed" || instance.state === "upstream_failed"),
  );
  for (const instance of marked) withdraw(instance, state);
  if (marked.length > 0) clearInstances(run, failed);
}

/** "Mark run success: every TI -> success except unfinished teardowns … Mark run failed: running … -> failed, other unfinished -> skipped, teardowns left to run". */
export function markRun(run: RunModel, state: "success" | "failed"): void {
  let hasTeardown = false;
  for (const instance of run.instances) {
    if (instance.state === "removed") continue;
    const isUnfinished = !isOver(instance.state);
    if (isUnfinished && run.dag.task(instance.taskId).isTeardown) hasTeardown = true;
    else if (state === "success") withdraw(instance, "success");
    else if (isUnfinished) withdraw(instance, instance.state === "running" || instance.state === "up_for_reschedule" ? "failed" : "skipped");
  }
  if (hasTeardown && run.state === "running") run.marked = state;
  else run.state = state;
}
