/**
 * The run machine: everything that follows when something changes in a DAG run, as pure functions over a run in memory. The engine holds a run's lock, gives the machine the rows it asks for and
 * writes what changed; the testing kit, `dags test`, recorded answers and models have the whole run in memory (`RunMachine`).
 *
 *     changes (an attempt ended, a timer fired, somebody cleared) ──► settleRun ──► needs? load them, settleRun again ──► null: done; keep what changed
 *
 * Nothing here waits, reads a clock or knows of a database. A run is a `RunModel`; ids of new instances come from whoever holds it.
 */
export { type AttemptEnd, checkResultLength, decideByResult, decidesByResult, endInstance, failInstance } from "./attempt-end.ts";
export { changeState, countRun, isNeverExecuted, makeReady, reconsider, type StateChange, withdraw } from "./changes.ts";
export { type ClearedInstances, listCleared, listDeciderRefs, resetBranchDecisions, resetGroupTries, resetInstance, supersede } from "./clear.ts";
export { explainInstance, type InstanceVerdict } from "./evaluate.ts";
export { createRunMachine, RunMachine, type RunMachineOptions, type RunTimer } from "./machine.ts";
export { endMarkedRun, markRun, planRunMark } from "./mark.ts";
export { finishRun, startRun, timeOutRun } from "./outcome.ts";
export { dependsOnPast, evaluatePastDependencies, NO_PAST, type PastFacts, type PastVerdict } from "./past.ts";
export { addPlannedInstances, isWithinDates, type PlannedInstance, planInstances } from "./plan-instances.ts";
export {
  addInstance,
  createRunModel,
  dispatchFacts,
  instancesOf,
  newInstance,
  type NewRunModel,
  nodeOf,
  type RunFacts,
  type RunInstance,
  type RunLimits,
  type RunListener,
  type RunModel,
  type RunNeeds,
  xcomKey,
} from "./run-model.ts";
export { settleRun } from "./settle-run.ts";
export { recount, recountUpstreams, sameCounts } from "./upstream-counts.ts";
