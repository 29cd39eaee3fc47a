/** The stores of the engine's scheduling half, by name. */
export {
  deleteCallbackRequest,
  findCallbackHolder,
  findNextCallbackDueAt,
  insertCallbackRequests,
  insertRunCallbackRequests,
  type NewCallbackRequest,
  type NewRunCallbackRequest,
  postponeCallbackRequest,
  type TakenCallbackRequest,
  takeCallbackRequests,
} from "./callback-request.ts";
export {
  type DagRunChange,
  type DagRunContext,
  countActiveDagRuns,
  insertDagRuns,
  listDagRunContexts,
  listDagsWithStartableRuns,
  listLastScheduledRuns,
  listLatestDagRunStates,
  listStalledDagRuns,
  listTakenLogicalDates,
  listTimedOutDagRuns,
  lockDagRuns,
  lockDagRunsOfAttempts,
  type LockedDagRun,
  lockQueuedDagRuns,
  type NewDagRun,
  reserveIds,
  writeDagRunCounts,
  writeDagRuns,
  writeMachineStates,
} from "./dag-run.ts";
export {
  addAwaitedTasks,
  type DueDagRunTimer,
  insertDagRunTimers,
  listDueDagRunTimers,
  listNextRuns,
  listPastFacts,
  type NewDagRunTimer,
  type PastFacts,
  type PastQuestion,
  takeDagRunTimers,
} from "./past.ts";
export {
  type DagScheduleChange,
  findNextDueAt,
  listDagsToLetIn,
  listDrainedDags,
  listWronglyBlockedDags,
  lockDueDags,
  lockScheduledDags,
  pauseDag,
  type ScheduledDag,
  writeDagSchedules,
} from "./dag-schedule.ts";
export { type DagVersionRecord, findBundleCode, findBundleMap, findDagVersions } from "./dag-version.ts";
export {
  explainUnplaceable,
  listDispatchCandidates,
  listParkedKeysWithRoom,
  type LimitScope,
  lockDispatch,
  lockLiveAttempts,
  parkBehindLimits,
  type ParkedRows,
  type QueuedCandidate,
  rerouteUnknownExecutors,
  tryLockDispatch,
} from "./dispatch.ts";
export { beatJob, declareDeadSchedulers, endJob, insertJob } from "./job.ts";
export {
  adoptLeases,
  countLeases,
  deleteLeases,
  type GrantedAttempt,
  type LeaseCommand,
  type LeasedAttempt,
  findLeasePlace,
  listExpiredLeases,
  listLeaseStates,
  listStops,
  lockAttempts,
  type NewLease,
  renewLeases,
  replaceAttempt,
  requeueLeases,
  startAttempts,
  stopLeases,
  takeFromQueue,
  writeProgress,
} from "./lease.ts";
export { vacuumLiveTables } from "./live-tables.ts";
export { listQueuedLeases } from "./queued-lease.ts";
export {
  beatRunnerHost,
  extendQueuedLeases,
  findRunnerHostExecutor,
  forgetRunnerHosts,
  putRunnerHost,
  type RunnerHostRecord,
  type RunnerHostState,
  type WantedHostState,
} from "./runner-host.ts";
export {
  insertTaskInstanceHistory,
  insertTaskInstances,
  listTaskInstances,
  lockTaskInstances,
  lockTaskInstancesOfRuns,
  type NewTaskInstance,
  type TaskInstanceChange,
  type TaskInstanceCountsChange,
  type TaskInstanceRecord,
  writeMapIndexLabels,
  writeTaskInstanceCounts,
  writeTaskInstances,
} from "./task-instance.ts";
export { deleteTaskQueue, insertTaskQueue, type NewQueueRow, parkKeys, unparkAllTaskQueue, unparkTaskQueue } from "./task-queue.ts";
export { deleteTaskTimers, insertTaskTimers, listDueTimers, type NewTimer, takeDueTimers } from "./task-timer.ts";
export { insertTaskReschedules, listRescheduledAttempts } from "./task-reschedule.ts";
export { deleteXComs, listXComs, type NewXCom, putXComs, type XComRow } from "./xcom.ts";
export {
  countLiveOfTasks,
  findWhyDag,
  findWhyRun,
  findWhySystem,
  listUnsuccessful,
  listWhyInstances,
  listWhyPools,
  listWhyWorkers,
  type WhyDagRow,
  type WhyInstanceRow,
  type WhyRunRow,
} from "./read/why.ts";
