/**
 * Who may be dispatched now. Everything that limits a task instance is a *limit key* with a number of slots; a lease holds slots under each of its keys
 * until it ends. What does not fit is parked under the key that blocks it, and need not be looked at again until that key has slots to give.
 */

/** `run:12`, `task:dag/task`, `runtask:12/task`, `pool:name` or `executor:name`. */
export type LimitKey = string;

export function runLimitKey(dagRunId: number): LimitKey {
  return `run:${dagRunId}`;
}

export function taskLimitKey(dagId: string, taskId: string): LimitKey {
  return `task:${dagId}/${taskId}`;
}

export function runTaskLimitKey(dagRunId: number, taskId: string): LimitKey {
  return `runtask:${dagRunId}/${taskId}`;
}

export function poolLimitKey(pool: string): LimitKey {
  return `pool:${pool}`;
}

export function executorLimitKey(executor: string): LimitKey {
  return `executor:${executor}`;
}

export interface DispatchCandidate {
  /** Id of the task instance. */
  id: number;
  dagRunId: number;
  dagId: string;
  taskId: string;
  pool: string;
  poolSlots: number;
  /** Name of the executor that will get it. */
  executor: string;
  /** Of its DAG: live task instances per run. */
  maxActiveTasks: number;
  maxActiveTisPerDag: number | null;
  maxActiveTisPerDagrun: number | null;
}

export interface PoolLimit {
  /** -1: unlimited. */
  slots: number;
  includeDeferred: boolean;
  /** Slots held by queued and running task instances. */
  occupiedSlots: number;
  /** Slots of deferred task instances; they count where `includeDeferred` is set. */
  deferredSlots: number;
}

export interface DispatchInput {
  /** In the order they should go (see `compareForDispatch`). */
  candidates: readonly DispatchCandidate[];
  /** Queued and running task instances per `run:`, `task:` and `runtask:` key; none where absent. */
  used: ReadonlyMap<LimitKey, number>;
  /** By name. A candidate of a pool that is not here waits until there is one. */
  pools: ReadonlyMap<string, PoolLimit>;
  /** Free slots by name of executor. A candidate for one that is not here waits. */
  executors: ReadonlyMap<string, number>;
  /** How many more may be queued under `parallelism`, and at most in one go. */
  freeSlots: number;
}

export interface ParkedCandidate {
  id: number;
  /** The limit that blocks it. */
  key: LimitKey;
  /** For people. */
  reason: string;
}

export interface DispatchPlan {
  /** Ids of those that fit, in the given order. */
  take: number[];
  park: ParkedCandidate[];
  /** True when `freeSlots` ran out: the candidates that are neither taken nor parked were not blocked by anything else so far. */
  isFull: boolean;
}

/**
 * Goes through the candidates in order and takes each one that fits within all limits, counting those taken before it. One that does not fit holds up
 * nobody but those behind the same limit, so a full pool starves no other work.
 */
export function planDispatch({ candidates, used, pools, executors, freeSlots }: DispatchInput): DispatchPlan {
  const slots = new SlotCounts(used);
  const plan: DispatchPlan = { take: [], park: [], isFull: false };
  for (const candidate of candidates) {
    if (plan.take.length >= freeSlots) return { ...plan, isFull: true };
    const demands = demandsOf(candidate, pools, executors);
    const blocking = demands.find((demand) => !slots.fits(demand));
    if (blocking !== undefined) plan.park.push({ id: candidate.id, key: blocking.key, reason: blocking.reason(slots.of(blocking.key)) });
    else {
      for (const demand of demands) slots.take(demand);
      plan.take.push(candidate.id);
    }
  }
  return plan;
}

/** A limit that a candidate does not fit within. */
export interface BlockingLimit {
  key: LimitKey;
  /** For people. */
  reason: string;
}

/** All limits that hold a candidate back now, in the order in which `planDispatch` looks at them. None: it may be taken when its turn comes. */
export function listBlockingLimits(
  candidate: DispatchCandidate,
  { used, pools, executors }: Pick<DispatchInput, "used" | "pools" | "executors">,
): BlockingLimit[] {
  const slots = new SlotCounts(used);
  return demandsOf(candidate, pools, executors)
    .filter((demand) => !slots.fits(demand))
    .map((demand) => ({ key: demand.key, reason: demand.reason(slots.of(demand.key)) }));
}

/** What one candidate wants of one limit. */
interface Demand {
  key: LimitKey;
  amount: number;
  /** What the slots counted under the key may come to. For pools and executors those held before are taken off already. */
  capacity: number;
  reason: (used: number) => string;
}

/** Slots held per key: those in use before, and those given in this plan. */
class SlotCounts {
  readonly #used: Map<LimitKey, number>;

  constructor(used: ReadonlyMap<LimitKey, number>) {
    this.#used = new Map(used);
  }

  of(key: LimitKey): number {
    return this.#used.get(key) ?? 0;
  }

  fits({ key, amount, capacity }: Demand): boolean {
    return this.of(key) + amount <= capacity;
  }

  take({ key, amount }: Demand): void {
    this.#used.set(key, this.of(key) + amount);
  }
}

/** From the narrowest limit to the widest: a candidate that is parked should come back as seldom as possible for nothing. */
function demandsOf(candidate: DispatchCandidate, pools: DispatchInput["pools"], executors: DispatchInput["executors"]): Demand[] {
  const { dagRunId, dagId, taskId, maxActiveTasks, maxActiveTisPerDag, maxActiveTisPerDagrun } = candidate;
  const demands: Demand[] = [];
  if (maxActiveTisPerDagrun !== null) {
    demands.push(
      liveInstances(runTaskLimitKey(dagRunId, taskId), maxActiveTisPerDagrun, `task "${taskId}" in this run`, "max_active_tis_per_dagrun"),
    );
  }
  if (maxActiveTisPerDag !== null) {
    demands.push(liveInstances(taskLimitKey(dagId, taskId), maxActiveTisPerDag, `task "${taskId}" over all runs`, "max_active_tis_per_dag"));
  }
  demands.push(liveInstances(runLimitKey(dagRunId), maxActiveTasks, "this run", "max_active_tasks"));
  demands.push(poolDemand(candidate, pools.get(candidate.pool)), executorDemand(candidate, executors.get(candidate.executor)));
  return demands;
}

function liveInstances(key: LimitKey, capacity: number, what: string, limit: string): Demand {
  return { key, amount: 1, capacity, reason: (used) => `${used} task instances of ${what} are queued or running, and ${limit} is ${capacity}` };
}

function poolDemand({ pool, poolSlots }: DispatchCandidate, limit: PoolLimit | undefined): Demand {
  const key = poolLimitKey(pool);
  if (limit === undefined) return { key, amount: 1, capacity: Number.NEGATIVE_INFINITY, reason: () => `pool "${pool}" does not exist` };
  const open = openPoolSlots(limit);
  const reason = (used: number): string =>
    limit.slots >= 0 && poolSlots > limit.slots
      ? `it needs ${poolSlots} slots of pool "${pool}", which has only ${limit.slots} in all`
      : `it needs ${poolSlots} of the ${limit.slots} slots of pool "${pool}", of which ${Math.max(0, open - used)} are open`;
  return { key, amount: poolSlots, capacity: open, reason };
}

function executorDemand({ executor }: DispatchCandidate, free: number | undefined): Demand {
  const reason = (): string => (free === undefined ? `no executor "${executor}" takes work now` : `executor "${executor}" has no free slot`);
  return { key: executorLimitKey(executor), amount: 1, capacity: free ?? Number.NEGATIVE_INFINITY, reason };
}

/** Slots of a pool that nobody holds; below zero when the pool was made smaller meanwhile. */
export function openPoolSlots({ slots, includeDeferred, occupiedSlots, deferredSlots }: PoolLimit): number {
  if (slots < 0) return Number.POSITIVE_INFINITY;
  return slots - occupiedSlots - (includeDeferred ? deferredSlots : 0);
}

/** What the order of dispatch is decided by. */
export interface DispatchOrder {
  id: number;
  /** Effective weight, see `TaskNode.effectivePriorityWeight`. */
  priorityWeight: number;
  logicalDate: Date | null;
  mapIndex: number;
}

/** Priority weight descending, logical date ascending (none last), map index ascending; the id makes the order total. */
export function compareForDispatch(a: DispatchOrder, b: DispatchOrder): number {
  return b.priorityWeight - a.priorityWeight || compareDates(a.logicalDate, b.logicalDate) || a.mapIndex - b.mapIndex || a.id - b.id;
}

function compareDates(a: Date | null, b: Date | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return a.getTime() - b.getTime();
}
