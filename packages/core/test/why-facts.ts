import type { RunMachine } from "../src/run-machine/index.ts";
import type { WhyDag, WhyInstance, WhyRunFacts, WhySystem } from "../src/why/index.ts";

export const NOW = new Date("2026-01-01T12:00:00Z");

/** An installation in which nothing holds anything. */
export const SYSTEM: WhySystem = {
  now: NOW,
  schedulers: [{ liveAttempts: 0 }],
  lastSchedulerHeartbeatAt: NOW,
  parallelism: 100,
  executors: null,
  liveByExecutor: new Map(),
  workers: [],
  pools: new Map([
    ["default_pool", { limit: { slots: 1_000_000, includeDeferred: false, occupiedSlots: 0, deferredSlots: 0 }, holders: [], holderCount: 0 }],
  ]),
};

export const DAG: WhyDag = {
  dagId: "random",
  isPaused: false,
  isDraining: false,
  pausedBy: null,
  isStale: false,
  hasImportErrors: false,
  importError: null,
  maxActiveRuns: 16,
  runningRuns: [],
  runningCount: 0,
  queuedCount: 0,
};

export const PLAIN: WhyInstance = {
  stateReason: null,
  hostname: null,
  scheduledAt: null,
  startedAt: null,
  endedAt: null,
  timer: null,
  waitsForExecutor: null,
  lease: null,
};

/** What the machine holds, with nothing else in its way. */
export function factsOf(machine: RunMachine): WhyRunFacts {
  return {
    system: SYSTEM,
    dag: { ...DAG, dagId: machine.run.dagId },
    run: { queuedAt: NOW, endDate: null, stateReason: machine.stateReason },
    model: machine.model,
    instances: new Map(machine.instances.map((one) => [one.id, { ...PLAIN, stateReason: one.stateReason }])),
    liveByTask: new Map(),
    previousRuns: new Map(),
  };
}
