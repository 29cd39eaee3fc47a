/** The stores behind what people do to DAGs, runs and task instances, by name. */
export {
  deleteDagRunRow,
  deleteSomeDagRuns,
  type DagRunTarget,
  findDagRunAt,
  findDagRunTarget,
  listAllDagRunTargets,
  listDagRunTargets,
  lockActiveDagRuns,
  markDagRunsCleared,
  writeDagRunNote,
  writeDagRunVersion,
} from "./people/dag-runs.ts";
export {
  countRunningLeases,
  type DagRecord,
  deleteDagRow,
  findDagRecord,
  lockDagRecord,
  parkTaskQueueOfDag,
  retireDag,
  writeSchedulingState,
} from "./people/dags.ts";
export {
  deleteTaskInstanceRow,
  listTaskInstancesOfRuns,
  lockTaskInstanceNotes,
  type NotedTaskInstance,
  refreshTaskInstances,
  type TaskInstanceFacts,
  writeTaskInstanceNotes,
} from "./people/task-instances.ts";
