import { type DispatchCandidate, type LimitKey, listBlockingLimits, openPoolSlots, runLimitKey, runTaskLimitKey } from "../limits.ts";
import { nodeOf, type RunInstance } from "../run-machine/run-model.ts";
import { describeTask } from "../task-instance-name.ts";
import { countOf, nameAll, nameInstances, subjectOf, toAction, toCause, toSentence } from "./causes.ts";
import { pausedCause, schedulerCause } from "./system-causes.ts";
import type { WhyHolder, WhyLease, WhyPool, WhyRunFacts, WhyWorker } from "./why-facts.ts";
import { type Cause, MOST_NAMED, type WhySubject } from "./why.ts";

/** Why a scheduled instance is not dispatched: every limit that it does not fit within, as dispatch itself counts. */
export function explainScheduled(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const { system, dag } = facts;
  const since = facts.instances.get(instance.id)?.scheduledAt ?? null;
  const causes = [...schedulerCause(system), ...pausedCause(dag), ...explainOldAttempt(facts, instance)];
  causes.push(...explainLimits(facts, instance), ...explainParallelism(facts));
  if (causes.length > 0) return causes.map((cause) => ({ ...cause, since: cause.since ?? since }));
  const sentence = "It may run, and nothing holds it back: it is taken at the scheduler's next look, what has a higher priority before it.";
  return [toCause("ready_for_dispatch", sentence, { since })];
}

/** An attempt that was told to stop holds its instance until it has ended. */
function explainOldAttempt(facts: WhyRunFacts, { id }: RunInstance): Cause[] {
  const lease = facts.instances.get(id)?.lease ?? null;
  if (lease === null) return [];
  const where = lease.worker === null ? "" : ` on worker "${lease.worker}"`;
  const sentence = `Its attempt from before${where} has to stop first (${lease.stopReason ?? "it was taken over"}).`;
  return [toCause("previous_attempt_stopping", sentence, { at: lease.expiresAt })];
}

function explainLimits(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const { system, model } = facts;
  const candidate = toCandidate(facts, instance);
  const executors = roomsOf(facts, candidate.executor);
  const pools = new Map([...system.pools].map(([name, { limit }]) => [name, limit]));
  return listBlockingLimits(candidate, { used: usedOf(facts, candidate), pools, executors }).map(({ key, reason }) => {
    if (key.startsWith("pool:")) return explainPool(candidate, system.pools.get(candidate.pool), reason);
    if (key.startsWith("executor:")) return explainExecutor(facts, candidate);
    const { all, byTask } = liveOf(facts);
    const holding = key === runLimitKey(model.run.id) ? all : (byTask.get(instance.taskId) ?? []);
    return explainCount(facts, key, reason, holding);
  });
}

function toCandidate(facts: WhyRunFacts, instance: RunInstance): DispatchCandidate {
  const { model } = facts;
  const { spec } = nodeOf(model, instance);
  return {
    id: instance.id,
    dagRunId: model.run.id,
    dagId: model.run.dagId,
    taskId: instance.taskId,
    pool: instance.pool,
    poolSlots: instance.poolSlots,
    executor: facts.instances.get(instance.id)?.waitsForExecutor ?? instance.executor ?? "",
    maxActiveTasks: model.graph.spec.maxActiveTasks,
    maxActiveTisPerDag: spec.maxActiveTisPerDag,
    maxActiveTisPerDagrun: spec.maxActiveTisPerDagrun,
  };
}

function usedOf(facts: WhyRunFacts, { dagRunId, taskId }: DispatchCandidate): Map<LimitKey, number> {
  const { all, byTask } = liveOf(facts);
  return new Map([...facts.liveByTask, [runLimitKey(dagRunId), all.length], [runTaskLimitKey(dagRunId, taskId), byTask.get(taskId)?.length ?? 0]]);
}

interface Live {
  all: readonly RunInstance[];
  byTask: ReadonlyMap<string, readonly RunInstance[]>;
}

/** Worked out once for all instances of a run: there may be thousands that are asked about together. */
const known = new WeakMap<WhyRunFacts, Live>();

/** What of the run holds a place under its limits. */
function liveOf(facts: WhyRunFacts): Live {
  let live = known.get(facts);
  if (live === undefined) {
    const all = [...facts.model.instances.values()].filter((one) => facts.instances.get(one.id)?.lease != null);
    known.set(facts, (live = { all, byTask: Map.groupBy(all, (one) => one.taskId) }));
  }
  return live;
}

/** Places of its executor; where nothing is known about executors they hold nobody back. */
function roomsOf({ system }: WhyRunFacts, executor: string): Map<string, number> {
  if (system.executors === null) return new Map([[executor, Number.POSITIVE_INFINITY]]);
  return new Map(
    [...system.executors].map(([name, capacity]) => [
      name,
      capacity === null ? Number.POSITIVE_INFINITY : capacity - (system.liveByExecutor.get(name) ?? 0),
    ]),
  );
}

function explainCount(facts: WhyRunFacts, key: LimitKey, reason: string, holding: readonly RunInstance[]): Cause {
  const { dagId, runId } = facts.model.run;
  const code = key.startsWith("runtask:") ? "max_active_tis_per_dagrun" : key.startsWith("task:") ? "max_active_tis_per_dag" : "max_active_tasks";
  const whom = holding.length === 0 ? "" : `: ${nameInstances(holding)}`;
  return toCause(code, `${toSentence(reason).slice(0, -1)}${whom}.`, {
    unblock: `One of them has to end, or ${code} of the DAG has to be raised.`,
    action: toAction("open_run", "Show the run", { dagId, runId }),
    named: holding.slice(0, MOST_NAMED).map((one) => subjectOf(facts, one)),
  });
}

function explainPool({ pool, poolSlots }: DispatchCandidate, found: WhyPool | undefined, reason: string): Cause {
  if (found === undefined) {
    return toCause("pool_missing", `It waits for pool "${pool}", which does not exist.`, {
      unblock: "Create the pool, or have the task name another one.",
      action: toAction("create_pool", "Create the pool", { pool }),
    });
  }
  const { limit, holders, holderCount } = found;
  const action = toAction("edit_pool", "Edit the pool", { pool });
  if (limit.slots >= 0 && poolSlots > limit.slots) {
    const sentence = `It can never run: ${reason}.`;
    return toCause("pool_too_small", sentence, { unblock: "Enlarge the pool, or have the task take fewer slots.", action });
  }
  const open = Math.max(0, openPoolSlots(limit));
  const needs = poolSlots === 1 ? "" : `; it needs ${poolSlots} of ${limit.slots} slots, and ${open} ${open === 1 ? "is" : "are"} open`;
  const names = nameAll(
    holders.slice(0, MOST_NAMED).map(({ dagId, taskId, mapIndex }) => `${describeTask(taskId, mapIndex)} of ${dagId}`),
    holderCount,
  );
  const sentence = `Pool "${pool}" is full: ${countOf(holderCount, "task instance")} in ${countOf(limit.slots, "slot")}${names === "" ? "" : ` (${names})`}${needs}.`;
  return toCause("pool_full", sentence, {
    unblock: "One of them has to end, or the pool has to be enlarged.",
    action,
    named: holders.slice(0, MOST_NAMED).map(toSubject),
  });
}

function toSubject({ dagId, runId, taskId, mapIndex, state }: WhyHolder): WhySubject {
  return { dagId, runId, taskId, mapIndex, state };
}

function explainExecutor({ system }: WhyRunFacts, { executor }: DispatchCandidate): Cause {
  const capacity = system.executors?.get(executor);
  if (capacity === undefined) {
    const names = [...(system.executors?.keys() ?? [])].map((name) => `"${name}"`);
    return toCause("executor_missing", `No executor "${executor}" is configured; there are: ${nameAll(names)}.`, {
      unblock: "Configure it, or have the task name another one.",
    });
  }
  return toCause(
    "workers_busy",
    `Executor "${executor}" has no free place: ${countOf(system.liveByExecutor.get(executor) ?? 0, "attempt")} in ${capacity ?? 0}.`,
    {
      unblock: "One of its attempts has to end, or it has to get more places.",
      action: toAction("open_workers", "Show workers"),
    },
  );
}

function explainParallelism({ system }: WhyRunFacts): Cause[] {
  const { parallelism, schedulers } = system;
  if (parallelism === null || schedulers.length === 0 || schedulers.some((one) => one.liveAttempts < parallelism)) return [];
  const each = schedulers.length === 1 ? "The scheduler has" : `Each of the ${schedulers.length} schedulers has`;
  return [
    toCause("parallelism", `${each} ${parallelism} attempts under way, as many as \`scheduler.parallelism\` allows.`, {
      unblock: "One of them has to end, or `scheduler.parallelism` has to be raised.",
      action: toAction("open_workers", "Show workers"),
    }),
  ];
}

/** Why a queued attempt has not begun: who could begin it. */
export function explainQueued(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const lease = facts.instances.get(instance.id)?.lease ?? null;
  if (lease === null || lease.state === "running") return [toCause("queued_at_executor", "It is just being given to a worker.")];
  const { executor, queue, queuedAt, expiresAt, requeueCount } = lease;
  const workers = facts.system.workers.filter((worker) => takes(worker, lease));
  const living = workers.filter((worker) => worker.state !== "offline");
  const again = requeueCount === 0 ? "" : ` It was handed out ${requeueCount + 1} times.`;
  const rest = { since: queuedAt, at: expiresAt, action: toAction("open_workers", "Show workers") };
  const queueName = `queue "${queue}" of executor "${executor}"`;
  if (living.length === 0) {
    const lost = workers[0];
    const known = lost === undefined ? "" : ` "${lost.name}" was the last one, and is offline.`;
    const unblock = `Start a worker that takes queue "${queue}".`;
    return [toCause("no_worker", `No worker is alive that takes tasks of ${queueName}.${known}${again}`, { ...rest, unblock })];
  }
  const open = living.filter((worker) => worker.state === "running");
  if (open.length === 0) {
    const names = nameAll(living.map((worker) => `"${worker.name}"`));
    const sentence = `Every worker that takes tasks of ${queueName} is draining: ${names}.${again}`;
    return [toCause("workers_draining", sentence, { ...rest, unblock: "Resume one of them, or start another one." })];
  }
  const slots = open.reduce((sum, worker) => sum + worker.slots, 0);
  if (open.every((worker) => worker.running >= worker.slots)) {
    const sentence = `${countOf(open.length, "worker")} ${open.length === 1 ? "takes" : "take"} tasks of ${queueName}, and all ${countOf(slots, "place")} are taken.${again}`;
    return [toCause("workers_busy", sentence, { ...rest, unblock: "What runs there has to end, or a worker has to be added." })];
  }
  return [
    toCause("queued_at_executor", `It was given to executor "${executor}", and no worker has begun it yet.${again}`, { ...rest, unblock: null }),
  ];
}

function takes({ executor, queues }: WhyWorker, lease: WhyLease): boolean {
  return executor === lease.executor && (queues === null || queues.includes(lease.queue));
}
