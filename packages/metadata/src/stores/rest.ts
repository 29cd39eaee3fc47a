/** The stores of the REST API and of everything else that people look at and set up: lists with filters, order and pages; variables, connections, pools, users. */
export type { Keyset, Listed, OrderColumns, Page, Range } from "./read/list-query.ts";
export {
  countDagRunsByState,
  DAG_ORDER_COLUMNS,
  DAG_TAG_ORDER_COLUMNS,
  DAG_VERSION_ORDER_COLUMNS,
  findDag,
  findDagDetails,
  findDagSource,
  findDagSpec,
  findDagVersionRow,
  listDags,
  listDagsById,
  listDagSpecsByVersion,
  listDagsOfFile,
  listDagTags,
  listDagVersions,
  listDagVersionsById,
} from "./read/dags.ts";
export type { DagDetailsRow, DagFilter, DagRow, DagVersionRow } from "./read/dags.ts";
export { DAG_RUN_ORDER_COLUMNS, findDagRunRow, listDagRuns } from "./read/dag-runs.ts";
export type { DagRunFilter, DagRunRow } from "./read/dag-runs.ts";
export { findTaskInstanceRow, listTaskInstanceRows, listTaskInstanceRowsById, listTries } from "./read/task-instances.ts";
export { TASK_INSTANCE_ORDER_COLUMNS } from "./read/task-instance-pages.ts";
export type { TaskInstanceFilter } from "./read/task-instance-filter.ts";
export type { TaskInstanceKey, TaskInstanceRow, TryRow } from "./read/task-instances.ts";
export { listRescheduledAttempts } from "./task-reschedule.ts";
export { findXComRow, listXComs, listXComValues, XCOM_ORDER_COLUMNS } from "./read/xcoms.ts";
export type { XComFilter, XComRow } from "./read/xcoms.ts";
export { findImportError, IMPORT_ERROR_ORDER_COLUMNS, listImportErrors } from "./read/import-errors.ts";
export type { ImportErrorFilter, ImportErrorRow } from "./read/import-errors.ts";
export { DAG_WARNING_ORDER_COLUMNS, listDagWarnings } from "./read/dag-warnings.ts";
export type { DagWarningFilter, DagWarningRow } from "./read/dag-warnings.ts";
export { EVENT_LOG_ORDER_COLUMNS, findEventLog, listEventLogs } from "./read/event-logs.ts";
export type { EventLogFilter, EventLogRow } from "./read/event-logs.ts";
export { JOB_ORDER_COLUMNS, listJobs, listLatestHeartbeats } from "./read/jobs.ts";
export type { JobFilter, JobRow } from "./read/jobs.ts";
export { listQueueDepths, type QueueDepth } from "./read/queue-depths.ts";
export {
  findWorkers,
  listWorkers,
  listWorkerTasks,
  setWantedHostState,
  WORKER_ORDER_COLUMNS,
  WORKER_STATES,
  type WorkerFilter,
  type WorkerRow,
  type WorkerState,
  type WorkerTask,
} from "./read/workers.ts";
export { findPool, listPools, POOL_ORDER_COLUMNS } from "./read/pools.ts";
export type { PoolRow } from "./read/pools.ts";
export { deleteFavorite, insertFavorite } from "./manage/favorites.ts";
export { insertEventLog } from "./manage/event-log.ts";
export type { NewEventLog } from "./manage/event-log.ts";
export { deleteVariableRow, findVariableRow, insertVariable, listVariables, updateVariable, VARIABLE_ORDER_COLUMNS } from "./manage/variables.ts";
export type { VariableRow } from "./manage/variables.ts";
export {
  CONNECTION_ORDER_COLUMNS,
  deleteConnectionRow,
  findConnectionRow,
  insertConnection,
  listConnections,
  updateConnection,
} from "./manage/connections.ts";
export type { ConnectionRow } from "./manage/connections.ts";
export { deletePool, findPoolSettings, insertPool, updatePool } from "./manage/pools.ts";
export type { PoolSettings } from "./manage/pools.ts";
export { deleteXCom, insertXCom, updateXCom } from "./manage/xcoms.ts";
export type { XComValue } from "./manage/xcoms.ts";
export {
  type AccessTokenHolder,
  type AccessTokenKind,
  type AccessTokenRow,
  deleteAccessToken,
  deleteExpiredAccessTokens,
  insertAccessToken,
  type TokenGround,
  listAccessTokens,
  useAccessToken,
} from "./manage/access-tokens.ts";
export {
  countOtherActiveUsers,
  deleteUser,
  findUser,
  findUserProfile,
  insertUser,
  listUsers,
  noteLogin,
  revokeLogins,
  updateUser,
  updateUserPassword,
  USER_ORDER_COLUMNS,
} from "./manage/users.ts";
export type { UserChanges, UserProfile, UserRow } from "./manage/users.ts";
export { type DagGrantRow, deleteDagGrant, listDagGrants, listGrantedDags, type NewDagGrant, putDagGrant } from "./manage/dag-grants.ts";
export { findGraphVersion, type GridCellsRow, listGridCells, listGridRuns, listLatestRuns, type RunSummaryRow } from "./read/ui.ts";
export {
  countDagRunsByTime,
  countTaskStates,
  findRunSpec,
  findVersionContent,
  listRunTimes,
  listTaskDurations,
  listTaskRuns,
  listVersionUse,
} from "./read/ui-dag.ts";
export { type GanttRow, listGanttReschedules, listGanttRows } from "./read/gantt.ts";
export { listDagRunNames } from "./read/live.ts";
export {
  countLive,
  countRunsBySpan,
  type FailingDag,
  type HomeRun,
  listDagsPausedByFailures,
  listExecutorLoads,
  listFailingDags,
  listLateDags,
  listNewestImportErrors,
  listRecentRuns,
  listRunningRuns,
  listStuckTasks,
  listTightPools,
} from "./read/home.ts";
export { findDagFile } from "./read/dag-files.ts";
export { listRenderedFields } from "./rendered-fields.ts";
