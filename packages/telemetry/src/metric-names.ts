/**
 * Every metric that Tradewind sends, in one table. The names are Airflow's, so its dashboards and exporter mappings work; ours come last.
 *
 * A metric has a tagged name and, where Airflow once spliced ids into names, a legacy form. Words in braces are tags: a metric must be given every tag
 * that its name or its legacy form mentions, and may be given more.
 */
const counter = <const L extends string | null>(legacy: L) => ({ kind: "counter", legacy }) as const;
const gauge = <const L extends string | null>(legacy: L) => ({ kind: "gauge", legacy }) as const;
/** Milliseconds. */
const timer = <const L extends string | null>(legacy: L) => ({ kind: "timer", legacy }) as const;

export const METRICS = {
  // Components. `job_name` is SchedulerJob, DagProcessorJob …
  "{job_name}_start": counter(null),
  "{job_name}_end": counter(null),
  "{job_name}_heartbeat_failure": counter(null),
  scheduler_heartbeat: counter(null),
  dag_processor_heartbeat: counter(null),

  // Task instances.
  "ti.start": counter("ti.start.{dag_id}.{task_id}"),
  "ti.finish": counter("ti.finish.{dag_id}.{task_id}.{state}"),
  ti_failures: counter(null),
  ti_successes: counter(null),
  operator_failures: counter("operator_failures_{operator_name}"),
  operator_successes: counter("operator_successes_{operator_name}"),
  task_instance_created: counter("task_instance_created_{task_type}"),
  task_removed_from_dag: counter("task_removed_from_dag.{dag_id}"),
  task_restored_to_dag: counter("task_restored_to_dag.{dag_id}"),
  "local_task_job.task_exit": counter("local_task_job.task_exit.{job_id}.{dag_id}.{task_id}.{return_code}"),
  task_instances_without_heartbeats_killed: counter(null),
  "ti.scheduled": gauge("ti.scheduled.{queue}.{dag_id}.{task_id}"),
  "ti.queued": gauge("ti.queued.{queue}.{dag_id}.{task_id}"),
  "ti.running": gauge("ti.running.{queue}.{dag_id}.{task_id}"),
  "task.duration": timer("dag.{dag_id}.{task_id}.duration"),
  "task.scheduled_duration": timer("dag.{dag_id}.{task_id}.scheduled_duration"),
  "task.queued_duration": timer("dag.{dag_id}.{task_id}.queued_duration"),

  // DAG runs.
  "dagrun.duration.success": timer("dagrun.duration.success.{dag_id}"),
  "dagrun.duration.failed": timer("dagrun.duration.failed.{dag_id}"),
  "dagrun.schedule_delay": timer("dagrun.schedule_delay.{dag_id}"),
  "dagrun.first_task_scheduling_delay": timer("dagrun.{dag_id}.first_task_scheduling_delay"),
  "dagrun.dependency-check": timer("dagrun.dependency-check.{dag_id}"),
  "scheduler.dagruns.running": gauge(null),
  "scheduler.dagruns.queued": gauge(null),

  // Scheduler.
  "scheduler.tasks.killed_externally": counter(null),
  "scheduler.orphaned_tasks.cleared": counter(null),
  "scheduler.orphaned_tasks.adopted": counter(null),
  "scheduler.critical_section_busy": counter(null),
  "scheduler.tasks.starving": gauge(null),
  "scheduler.tasks.executable": gauge(null),
  "scheduler.scheduler_loop_duration": timer(null),
  "scheduler.critical_section_duration": timer(null),
  "scheduler.critical_section_query_duration": timer(null),

  // Executors. `executor_class_name` is LocalExecutor …
  "executor.open_slots": gauge("executor.open_slots.{executor_class_name}"),
  "executor.queued_tasks": gauge("executor.queued_tasks.{executor_class_name}"),
  "executor.running_tasks": gauge("executor.running_tasks.{executor_class_name}"),

  // Task queues, as workers and autoscalers see them.
  "queue.scheduled_tasks": gauge("queue.scheduled_tasks.{queue}"),
  "queue.queued_tasks": gauge("queue.queued_tasks.{queue}"),
  "queue.running_tasks": gauge("queue.running_tasks.{queue}"),
  "queue.workers": gauge("queue.workers.{queue}"),
  "queue.worker_slots": gauge("queue.worker_slots.{queue}"),

  // Pools.
  "pool.open_slots": gauge("pool.open_slots.{pool_name}"),
  "pool.queued_slots": gauge("pool.queued_slots.{pool_name}"),
  "pool.running_slots": gauge("pool.running_slots.{pool_name}"),
  "pool.deferred_slots": gauge("pool.deferred_slots.{pool_name}"),
  "pool.scheduled_slots": gauge("pool.scheduled_slots.{pool_name}"),
  "pool.starving_tasks": gauge("pool.starving_tasks.{pool_name}"),

  // DAG files. Airflow still has the file in the name of `seconds_ago`.
  dagbag_size: gauge(null),
  dag_file_refresh_error: counter(null),
  "dag_processing.processes": counter(null),
  "dag_processing.processor_timeouts": counter(null),
  "dag_processing.file_path_queue_update_count": counter(null),
  "dag_processing.manager_stalls": counter(null),
  "dag_processing.other_callback_count": counter(null),
  "dag.callback_exceptions": counter(null),
  "dag_processing.import_errors": gauge(null),
  "dag_processing.total_parse_time": gauge(null),
  "dag_processing.file_path_queue_size": gauge(null),
  "dag_processing.last_run.seconds_ago": gauge("dag_processing.last_run.seconds_ago.{dag_file}"),
  "dag_processing.last_duration": timer("dag_processing.last_duration.{dag_file}"),
  "dag.serialization.version_created": counter(null),
  "dag.serialization.version_updated": counter(null),
} as const;

export type MetricName = keyof typeof METRICS;
export type MetricKind = (typeof METRICS)[MetricName]["kind"];
export type NameOfKind<K extends MetricKind> = { [N in MetricName]: (typeof METRICS)[N]["kind"] extends K ? N : never }[MetricName];

type TagsIn<S> = S extends `${string}{${infer Tag}}${infer Rest}` ? Tag | TagsIn<Rest> : never;
type RequiredTag<N extends MetricName> = TagsIn<N> | TagsIn<(typeof METRICS)[N]["legacy"]>;

export type TagValue = string | number;
/** The tags of a metric: those its names mention must be there. */
export type MetricTags<N extends MetricName> = { [T in RequiredTag<N>]: TagValue } & { [tag: string]: TagValue };
/** As call arguments: a metric that needs no tag may be given none. */
export type TagArguments<N extends MetricName> = [RequiredTag<N>] extends [never] ? [tags?: MetricTags<N>] : [tags: MetricTags<N>];
