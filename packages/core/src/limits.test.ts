import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareForDispatch,
  type DispatchCandidate,
  type DispatchInput,
  type DispatchOrder,
  openPoolSlots,
  planDispatch,
  type PoolLimit,
} from "./limits.ts";

function candidate(id: number, fields: Partial<DispatchCandidate> = {}): DispatchCandidate {
  return {
    id,
    dagRunId: 1,
    dagId: "sales",
    taskId: `t${id}`,
    pool: "default_pool",
    poolSlots: 1,
    executor: "local",
    maxActiveTasks: 16,
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
    ...fields,
  };
}

const pool = (slots: number, fields: Partial<PoolLimit> = {}): PoolLimit => ({
  slots,
  includeDeferred: false,
  occupiedSlots: 0,
  deferredSlots: 0,
  ...fields,
});

function plan(candidates: DispatchCandidate[], fields: Partial<DispatchInput> = {}) {
  return planDispatch({
    candidates,
    used: new Map(),
    pools: new Map([["default_pool", pool(128)]]),
    executors: new Map([["local", 32]]),
    freeSlots: 32,
    ...fields,
  });
}

const shortPlan = (...args: Parameters<typeof plan>) => {
  const { take, park } = plan(...args);
  return { take, park: park.map(({ id, key }) => `${id} ${key}`) };
};

describe("planDispatch", () => {
  it("takes in order, as many as there are free slots under parallelism", () => {
    expect(plan([candidate(3), candidate(1), candidate(2)], { freeSlots: 2 })).toEqual({ take: [3, 1], park: [], isFull: true });
    expect(plan([candidate(3)], { freeSlots: 1 }).isFull).toBe(false);
    expect(plan([candidate(3)], { freeSlots: 0 })).toEqual({ take: [], park: [], isFull: true });
  });

  it("max_active_tasks: per run", () => {
    const tasks = [candidate(1, { maxActiveTasks: 2 }), candidate(2, { maxActiveTasks: 2 }), candidate(3, { maxActiveTasks: 2, dagRunId: 2 })];
    expect(shortPlan(tasks, { used: new Map([["run:1", 1]]) })).toEqual({ take: [1, 3], park: ["2 run:1"] });
  });

  it("max_active_tis_per_dag: same task over all runs", () => {
    const tasks = [1, 2, 3].map((id) => candidate(id, { taskId: "load", dagRunId: id, maxActiveTisPerDag: 2 }));
    expect(shortPlan(tasks, { used: new Map([["task:sales/load", 1]]) })).toEqual({ take: [1], park: ["2 task:sales/load", "3 task:sales/load"] });
  });

  it("max_active_tis_per_dagrun: same task in one run", () => {
    const tasks = [1, 2, 3].map((id) => candidate(id, { taskId: "load", maxActiveTisPerDagrun: 1, dagRunId: id === 3 ? 2 : 1 }));
    expect(shortPlan(tasks)).toEqual({ take: [1, 3], park: ["2 runtask:1/load"] });
  });

  it("a full pool holds up nobody else", () => {
    const tasks = [candidate(1, { pool: "full" }), candidate(2, { pool: "full" }), candidate(3)];
    const pools = new Map([
      ["full", pool(1, { occupiedSlots: 1 })],
      ["default_pool", pool(128)],
    ]);
    expect(shortPlan(tasks, { pools })).toEqual({ take: [3], park: ["1 pool:full", "2 pool:full"] });
  });

  it("a task that needs more slots than are open lets a smaller one pass", () => {
    const pools = new Map([["default_pool", pool(3, { occupiedSlots: 1 })]]);
    expect(shortPlan([candidate(1, { poolSlots: 3 }), candidate(2, { poolSlots: 2 }), candidate(3)], { pools })).toEqual({
      take: [2],
      park: ["1 pool:default_pool", "3 pool:default_pool"],
    });
  });

  it("missing pool: never; pool_slots > total: never", () => {
    const { take, park } = plan([candidate(1, { pool: "gone" }), candidate(2, { poolSlots: 200 })]);
    expect(take).toEqual([]);
    expect(park).toEqual([
      { id: 1, key: "pool:gone", reason: 'pool "gone" does not exist' },
      { id: 2, key: "pool:default_pool", reason: 'it needs 200 slots of pool "default_pool", which has only 128 in all' },
    ]);
  });

  it("a full or unknown executor holds up nobody else", () => {
    const tasks = [candidate(1), candidate(2), candidate(3, { executor: "gone" }), candidate(4, { executor: "kubernetes" })];
    const executors = new Map([
      ["local", 1],
      ["kubernetes", 9],
    ]);
    expect(shortPlan(tasks, { executors })).toEqual({ take: [1, 4], park: ["2 executor:local", "3 executor:gone"] });
  });

  it("says why in words", () => {
    const { park } = plan([candidate(1, { maxActiveTasks: 1 }), candidate(2, { maxActiveTasks: 1 })]);
    expect(park[0]!.reason).toBe("1 task instances of this run are queued or running, and max_active_tasks is 1");
  });
});

it("open = total - running - queued (- deferred if the pool says include_deferred), -1 = unlimited", () => {
  expect(openPoolSlots(pool(10, { occupiedSlots: 3, deferredSlots: 2 }))).toBe(7);
  expect(openPoolSlots(pool(10, { occupiedSlots: 3, deferredSlots: 2, includeDeferred: true }))).toBe(5);
  expect(openPoolSlots(pool(-1, { occupiedSlots: 3 }))).toBe(Number.POSITIVE_INFINITY);
});

describe("properties of planDispatch", () => {
  const small = fc.integer({ min: 1, max: 3 });
  const maybeSmall = fc.option(small, { nil: null });
  const input: fc.Arbitrary<DispatchInput> = fc
    .record({
      candidates: fc.array(
        fc.record({
          dagRunId: small,
          taskId: fc.constantFrom("a", "b", "c"),
          pool: fc.constantFrom("p", "q", "unlimited", "gone"),
          poolSlots: small,
          executor: fc.constantFrom("local", "kubernetes"),
        }),
        { maxLength: 25 },
      ),
      // A limit belongs to the task, the DAG or the run, so all candidates of one have the same.
      perDag: fc.record({ a: maybeSmall, b: maybeSmall, c: maybeSmall }),
      perRun: fc.record({ a: maybeSmall, b: maybeSmall, c: maybeSmall }),
      maxActiveTasks: fc.integer({ min: 1, max: 6 }),
      used: fc.dictionary(fc.constantFrom("run:1", "run:2", "task:sales/a", "runtask:1/a"), fc.integer({ min: 0, max: 4 })),
      p: fc.record({ slots: fc.integer({ min: 0, max: 8 }), includeDeferred: fc.boolean(), occupiedSlots: fc.nat(4), deferredSlots: fc.nat(4) }),
      free: fc.nat(20),
      local: fc.nat(8),
    })
    .map(({ candidates, perDag, perRun, maxActiveTasks, used, p, free, local }) => ({
      candidates: candidates.map((fields, index) => {
        const { taskId } = fields;
        return candidate(index, { ...fields, maxActiveTasks, maxActiveTisPerDag: perDag[taskId], maxActiveTisPerDagrun: perRun[taskId] });
      }),
      used: new Map(Object.entries(used)),
      pools: new Map([
        ["p", p],
        ["q", pool(5)],
        ["unlimited", pool(-1)],
      ]),
      executors: new Map([
        ["local", local],
        ["kubernetes", 4],
      ]),
      freeSlots: free,
    }));

  /** The keys a candidate is counted under, with its limit and what it takes: written out again, independently of the code under test. */
  function limitsOf(c: DispatchCandidate, { pools, executors }: DispatchInput): [key: string, limit: number, amount: number][] {
    const p = pools.get(c.pool);
    const held = p === undefined ? 0 : p.occupiedSlots + (p.includeDeferred ? p.deferredSlots : 0);
    const list: [string, number, number][] = [
      [`run:${c.dagRunId}`, c.maxActiveTasks, 1],
      [`pool:${c.pool}`, p === undefined ? -1 : p.slots < 0 ? Infinity : p.slots - held, c.poolSlots],
      [`executor:${c.executor}`, executors.get(c.executor) ?? -1, 1],
    ];
    if (c.maxActiveTisPerDag !== null) list.push([`task:sales/${c.taskId}`, c.maxActiveTisPerDag, 1]);
    if (c.maxActiveTisPerDagrun !== null) list.push([`runtask:${c.dagRunId}/${c.taskId}`, c.maxActiveTisPerDagrun, 1]);
    return list;
  }

  function usageAfter(given: DispatchInput, taken: DispatchCandidate[]): Map<string, number> {
    const after = new Map(given.used);
    for (const c of taken) for (const [key, , amount] of limitsOf(c, given)) after.set(key, (after.get(key) ?? 0) + amount);
    return after;
  }

  it("never exceeds any limit", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { take } = planDispatch(given);
        const taken = take.map((id) => given.candidates[id]!);
        const after = usageAfter(given, taken);
        expect(take.length).toBeLessThanOrEqual(given.freeSlots);
        for (const c of taken) for (const [key, limit] of limitsOf(c, given)) expect(after.get(key)!).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("conserves work: one that is not taken is blocked by the limit it is parked under, or all slots are given", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { take, park, isFull } = planDispatch(given);
        const after = usageAfter(
          given,
          take.map((id) => given.candidates[id]!),
        );
        for (const { id, key } of park) {
          const [, limit, amount] = limitsOf(given.candidates[id]!, given).find(([name]) => name === key)!;
          expect((after.get(key) ?? 0) + amount).toBeGreaterThan(limit);
        }
        if (isFull) expect(take.length).toBe(given.freeSlots);
        else expect(take.length + park.length).toBe(given.candidates.length);
      }),
    );
  });

  it("respects the order among those that want the same", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { take, park } = planDispatch(given);
        const wants = (id: number): string => JSON.stringify(limitsOf(given.candidates[id]!, given));
        for (const parked of park) {
          for (const id of take) if (wants(id) === wants(parked.id)) expect(id).toBeLessThan(parked.id);
        }
        expect(take).toEqual(take.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("compareForDispatch", () => {
  const order = (id: number, priorityWeight: number, logicalDate: string | null, mapIndex = -1): DispatchOrder => ({
    id,
    priorityWeight,
    logicalDate: logicalDate === null ? null : new Date(logicalDate),
    mapIndex,
  });

  it("priority_weight desc, logical date asc, map_index asc", () => {
    const sorted = [
      order(1, 1, "2026-01-01"),
      order(2, 5, null),
      order(3, 5, "2026-01-02", 1),
      order(4, 5, "2026-01-02", 0),
      order(5, 5, "2026-01-01"),
      order(6, 5, null),
    ];
    expect(sorted.sort(compareForDispatch).map(({ id }) => id)).toEqual([5, 4, 3, 2, 6, 1]);
  });
});
