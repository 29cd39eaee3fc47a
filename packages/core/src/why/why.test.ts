import { describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "../../test/dag-spec-factory.ts";
import { DAG, factsOf, NOW, PLAIN, SYSTEM } from "../../test/why-facts.ts";
import { compileDag } from "../dag-graph.ts";
import type { TaskSpec } from "../dag-spec.ts";
import { createRunMachine, type RunMachine } from "../run-machine/index.ts";
import type { TimetableSpec } from "../timetable-spec.ts";
import {
  type Cause,
  explainDag,
  explainDagRun,
  explainMissingTask,
  explainTaskInstance,
  type WhyInstance,
  type WhyLease,
  type WhyRunFacts,
  type WhySchedule,
} from "./index.ts";

const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

function machineOf(tasks: readonly TaskSpec[], fields: Parameters<typeof dagSpec>[0] = {}): RunMachine {
  const machine = createRunMachine(compileDag(dagSpec({ dagId: "d", tasks: [...tasks], ...fields })));
  machine.start();
  return machine;
}

/** Causes of one instance, with what is said of it besides. */
function causesOf(machine: RunMachine, taskId: string, detail: Partial<WhyInstance> = {}, system: Partial<WhyRunFacts["system"]> = {}): Cause[] {
  const facts = factsOf(machine);
  const instance = machine.find(taskId)!;
  const instances = new Map([...facts.instances, [instance.id, { ...PLAIN, stateReason: instance.stateReason, ...detail }]]);
  return explainTaskInstance({ ...facts, instances, system: { ...SYSTEM, ...system } }, instance).causes;
}

const LEASE: WhyLease = {
  ...{ attemptId: "a", state: "queued", executor: "remote", queue: "gpu", worker: null },
  ...{ queuedAt: later(-9), expiresAt: later(60), stopReason: null, requeueCount: 0 },
};
const WORKER = { name: "w1", executor: "remote", queues: ["gpu"], slots: 2, running: 0, state: "running", lastHeartbeatAt: NOW } as const;

describe("a scheduled task", () => {
  it("is told every limit that it does not fit within, not only the first", () => {
    const machine = machineOf([taskSpec("t")]);
    const pools = new Map([
      ["default_pool", { limit: { slots: 2, includeDeferred: false, occupiedSlots: 2, deferredSlots: 0 }, holders: [], holderCount: 2 }],
    ]);
    const causes = causesOf(machine, "t", { scheduledAt: later(-30) }, { pools, schedulers: [{ liveAttempts: 3 }], parallelism: 3 });
    expect(causes.map(({ code, sentence, since }) => [code, sentence, since])).toEqual([
      ["pool_full", 'Pool "default_pool" is full: 2 task instances in 2 slots.', later(-30)],
      ["parallelism", "The scheduler has 3 attempts under way, as many as `scheduler.parallelism` allows.", later(-30)],
    ]);
  });

  it("waits for its attempt from before", () => {
    const lease = { ...LEASE, state: "running", worker: "w1", stopReason: "cleared by ada" } as const;
    expect(causesOf(machineOf([taskSpec("t")]), "t", { lease })).toMatchObject([
      { code: "previous_attempt_stopping", sentence: 'Its attempt from before on worker "w1" has to stop first (cleared by ada).' },
    ]);
  });

  it("is held by nothing while one scheduler has room", () => {
    const causes = causesOf(machineOf([taskSpec("t")]), "t", {}, { schedulers: [{ liveAttempts: 9 }, { liveAttempts: 1 }], parallelism: 9 });
    expect(causes.map((cause) => cause.code)).toEqual(["ready_for_dispatch"]);
  });
});

describe("a queued attempt", () => {
  const ask = (workers: (typeof WORKER | (Omit<typeof WORKER, "state"> & { state: "offline" | "draining" }))[], lease = LEASE): Cause[] => {
    const machine = machineOf([taskSpec("t")]);
    machine.find("t")!.state = "queued";
    return causesOf(machine, "t", { lease }, { workers });
  };

  it.each([
    ["no_worker", [], 'No worker is alive that takes tasks of queue "gpu" of executor "remote".'],
    [
      "no_worker",
      [{ ...WORKER, state: "offline" as const }],
      'No worker is alive that takes tasks of queue "gpu" of executor "remote". "w1" was the last one, and is offline.',
    ],
    [
      "workers_draining",
      [{ ...WORKER, state: "draining" as const }],
      'Every worker that takes tasks of queue "gpu" of executor "remote" is draining: "w1".',
    ],
    ["workers_busy", [{ ...WORKER, running: 2 as never }], '1 worker takes tasks of queue "gpu" of executor "remote", and all 2 places are taken.'],
    ["queued_at_executor", [WORKER], 'It was given to executor "remote", and no worker has begun it yet.'],
    ["no_worker", [{ ...WORKER, queues: ["cpu"] as never }], 'No worker is alive that takes tasks of queue "gpu" of executor "remote".'],
  ])("%s", (code, workers, sentence) => {
    expect(ask(workers)).toMatchObject([{ code, sentence, since: later(-9), at: later(60) }]);
  });

  it("says how often it was handed out", () => {
    expect(ask([WORKER], { ...LEASE, requeueCount: 2 })[0]!.sentence).toContain("It was handed out 3 times.");
  });
});

describe("an attempt at work", () => {
  it.each([
    ["running", { worker: "w1" }, 'It is running on "w1".'],
    ["stopping", { worker: "w1", stopReason: "marked failed" }, 'It was told to stop on "w1": marked failed.'],
    ["silent", { worker: "w1", expiresAt: later(-5) }, 'It runs on "w1", which has not been heard of for too long.'],
  ])("%s", (code, lease, sentence) => {
    const machine = machineOf([taskSpec("t")]);
    machine.begin(machine.find("t")!);
    expect(causesOf(machine, "t", { lease: { ...LEASE, state: "running", ...lease } })).toMatchObject([{ code, sentence }]);
  });
});

it("a retry that is due goes on when there is a scheduler again", () => {
  const machine = machineOf([taskSpec("t", { retries: 1 })]);
  machine.end(machine.find("t")!, { kind: "failed", message: "no" });
  const codes = (dueAt: Date, schedulers: WhyRunFacts["system"]["schedulers"]): string[] =>
    causesOf(machine, "t", { timer: { kind: "retry", dueAt } }, { schedulers }).map((cause) => cause.code);
  expect(codes(later(42), [])).toEqual(["retry_delay"]);
  expect(codes(later(-1), [])).toEqual(["scheduler_not_alive", "retry_delay"]);
  expect(codes(later(-1), [{ liveAttempts: 0 }])).toEqual(["retry_delay"]);
});

it("thousands that wait are told as one, soon", () => {
  const many = {
    mapping: {
      kind: "expand" as const,
      order: ["x"],
      inputs: { x: { kind: "value" as const, value: Array.from({ length: 1_000 }, (_, index) => index) } },
    },
  };
  const machine = machineOf([taskSpec("each", many), taskSpec("all", { ...many, upstream: ["each"] }), taskSpec("end", { upstream: ["all"] })]);
  const facts = factsOf(machine);
  expect(explainDagRun(facts).causes).toMatchObject([{ code: "ready_for_dispatch", about: { taskId: "each" }, count: 1_000 }]);
  const { causes } = explainTaskInstance(facts, machine.find("end")!);
  expect(causes).toMatchObject([{ code: "upstreams", because: [{ about: { taskId: "each" }, count: 1_000 }] }]);
});

describe("a run", () => {
  const queued = (change: Partial<WhyRunFacts>): string[] => {
    const machine = createRunMachine(compileDag(dagSpec({ dagId: "d", tasks: [taskSpec("t")] })), { run: { runAfter: later(60) } });
    return explainDagRun({ ...factsOf(machine), ...change }).causes.map((cause) => cause.code);
  };

  it("does not begin before its time, while its DAG is paused, has as many as it may, or no scheduler lives", () => {
    expect(queued({})).toEqual(["run_after"]);
    const dag = { ...DAG, dagId: "d", isPaused: true, maxActiveRuns: 1, runningCount: 1, runningRuns: [{ runId: "r0", startedAt: NOW }] };
    expect(queued({ dag, system: { ...SYSTEM, now: later(61), schedulers: [] } })).toEqual(["scheduler_not_alive", "dag_paused", "max_active_runs"]);
    expect(queued({ system: { ...SYSTEM, now: later(61) } })).toEqual(["run_ready"]);
  });

  it.each([
    ["timed_out", "failed", "run_timed_out", "It took longer than its dagrun timeout of 90 s."],
    ["marked failed", "failed", "run_marked", "A person marked it as failed."],
    [
      "all_tasks_deadlocked",
      "failed",
      "run_deadlocked",
      "Nothing in it could go on any more: 1 task instance waited for something that can never happen.",
    ],
  ] as const)("ended: %s", (stateReason, state, code, sentence) => {
    const machine = machineOf([taskSpec("t")], { dagrunTimeoutMs: 90_000 });
    Object.assign(machine.run, { state });
    const facts = factsOf(machine);
    expect(explainDagRun({ ...facts, run: { ...facts.run, stateReason } })).toMatchObject({ status: "ended", causes: [{ code, sentence }] });
  });

  it("has no instance of a task that is not in its version", () => {
    expect(explainMissingTask(factsOf(machineOf([taskSpec("t")])), "new").causes[0]!.sentence).toContain("has no such task");
    expect(explainMissingTask(factsOf(machineOf([taskSpec("t")])), "t").causes[0]!.sentence).toContain("start date");
  });
});

it("many that wait alike are told as one, with how many there are, and what needs somebody comes before what is at work", () => {
  const machine = machineOf([taskSpec("a"), taskSpec("b", { retries: 1 }), taskSpec("end", { upstream: ["a", "b"] })]);
  machine.begin(machine.find("a")!);
  machine.end(machine.find("b")!, { kind: "failed", message: "no" });
  const facts = factsOf(machine);
  const { causes, summary } = explainTaskInstance(facts, machine.find("end")!);
  expect(causes[0]!.because.map(({ code, about }) => [code, about!.taskId])).toEqual([
    ["retry_delay", "b"],
    ["running", "a"],
  ]);
  expect(summary).toBe(
    'It waits for 2 of 2 upstream tasks: "a" (running) and "b" (up for retry). "b": It waits for its next try: 1 of 2 tries are used. No.',
  );
});

describe("a DAG", () => {
  const cron: TimetableSpec = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };
  const schedule: WhySchedule = {
    timetable: cron,
    allowedRunTypes: null,
    startDate: null,
    endDate: null,
    catchup: false,
    nextRunAt: later(60),
    isCreationBlocked: false,
    latestRun: null,
  };
  const latestRun = { runId: "r", state: "success", runType: "scheduled" } as const;

  it.each<[string, Partial<WhySchedule>, Date | null]>([
    ["next_run", {}, later(60)],
    ["run_due", { nextRunAt: later(-1) }, later(-1)],
    ["no_schedule", { timetable: { kind: "none" }, nextRunAt: null }, null],
    ["scheduled_runs_not_allowed", { allowedRunTypes: ["manual"], nextRunAt: null }, null],
    ["next_run", { allowedRunTypes: ["scheduled"] }, later(60)],
    ["start_date_in_future", { startDate: later(30) }, later(60)],
    ["schedule_over", { endDate: later(-1), nextRunAt: null }, null],
    ["schedule_over", { timetable: { kind: "once" }, nextRunAt: null, latestRun }, null],
    ["schedule_over", { timetable: { kind: "events", events: [], restrictToEvents: false, description: null }, nextRunAt: null }, null],
    ["max_active_runs", { isCreationBlocked: true, nextRunAt: later(-1) }, null],
  ])("%s", (code, change, at) => {
    const { causes } = explainDag(SYSTEM, { ...DAG, dagId: "d" }, { ...schedule, ...change });
    expect(causes.map((cause) => [cause.code, cause.at])).toEqual([[code, at]]);
  });

  it("is told what keeps a due run from being made, and not that it is due", () => {
    const dag = { ...DAG, dagId: "d", isPaused: true, pausedBy: { name: "ada", at: later(-60), reason: null, hasDrained: false } };
    expect(explainDag(SYSTEM, dag, { ...schedule, nextRunAt: later(-1) }).causes).toMatchObject([{ code: "dag_paused", since: later(-60) }]);
  });

  it("says that it is draining, and for how long, and that it has paused itself then", () => {
    const draining = { ...DAG, dagId: "d", isDraining: true, runningCount: 1, queuedCount: 1 };
    expect(explainDag(SYSTEM, draining, { ...schedule, nextRunAt: later(-1) }).causes).toMatchObject([
      {
        code: "dag_draining",
        sentence: 'DAG "d" is draining: its schedule makes no more runs, and it pauses itself when its 2 unfinished runs have ended.',
        action: { id: "unpause_dag", label: "Turn on" },
      },
    ]);
    const drained = { ...DAG, dagId: "d", isPaused: true, pausedBy: { name: "scheduler", at: later(-60), reason: null, hasDrained: true } };
    expect(explainDag(SYSTEM, drained, schedule).causes[0]).toMatchObject({
      code: "dag_paused",
      sentence: 'DAG "d" has paused itself: it was draining, and its runs have ended.',
    });
  });
});
