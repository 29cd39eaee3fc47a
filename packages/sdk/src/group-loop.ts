import { type DagDefinition, TASK_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { assertPlain } from "./mapped-group.ts";
import { makePartRef, type PartRef } from "./result-ref.ts";
import { isTaskRef, type TaskRef } from "./task-ref.ts";

export interface LoopOptions<Body> {
  /** The loop ends after so many iterations; with `until`, it fails when that never said true. */
  maxIterations: number;
  /**
   * Asked after each iteration with the result of its last task: true ends the loop, false begins the next iteration. It runs as a task of its own (the gate). Default: exactly
   * `maxIterations` iterations.
   */
  until?: (result: Body) => boolean | Promise<boolean>;
}

/** What the tasks of a loop can take as inputs. */
export interface LoopInputs<Body> {
  /** The number of the iteration, from 0. */
  readonly index: PartRef<number>;
  /** The result of the last task in the iteration before; null in the first. */
  readonly previous: PartRef<Body | null>;
}

/** The gate's id inside its group. */
const GATE = "loop_gate";

export function loopInputs<Body>(dag: DagDefinition, groupId: string): LoopInputs<Body> {
  return {
    index: makePartRef(dag, [], () => ({ kind: "loop_index", groupId })),
    previous: makePartRef(dag, [], (path) => ({ kind: "loop_previous", groupId, path })),
  };
}

export function checkLoop(dag: DagDefinition, groupId: string, { maxIterations, until }: LoopOptions<never>): void {
  const group = dag.groups.get(groupId)!;
  assertPlain(dag, group, "a loop");
  const facts = { dagId: dag.dagId, groupId, site: group.site };
  if (!Number.isSafeInteger(maxIterations) || maxIterations < 1)
    throw definitionError(
      `Option "maxIterations" of the loop "${groupId}" in DAG "${dag.dagId}" is ${show(maxIterations)}: it must be a whole number of 1 or more.`,
      facts,
    );
  if (until !== undefined && typeof until !== "function")
    throw definitionError(
      `Option "until" of the loop "${groupId}" in DAG "${dag.dagId}" is ${show(until)}: it must be a function of the result.`,
      facts,
    );
}

/** Ends the body of a loop: after the task that the builder returned comes the gate. */
export function closeLoop<Body>(dag: DagDefinition, groupId: string, options: LoopOptions<Body>, last: unknown): TaskRef<Body> {
  const group = dag.groups.get(groupId)!;
  const facts = { dagId: dag.dagId, groupId, site: group.site };
  if (!isTaskRef(last) || last[TASK_REF].dag !== dag || last[TASK_REF].path.length > 0)
    throw definitionError(
      `The builder of the loop "${groupId}" in DAG "${dag.dagId}" must return its last placed task, whose result is what "until" and the next iteration see; it returned ${isTaskRef(last) ? `a part of "${last.taskId}"` : show(last)}.`,
      facts,
    );
  const gateTaskId = group.prefix === `${groupId}.` ? `${groupId}.${GATE}` : `${groupId}_${GATE}`;
  if (dag.tasks.has(gateTaskId))
    throw definitionError(
      `The loop "${groupId}" in DAG "${dag.dagId}" has a task "${gateTaskId}", which is the id of its gate. Give the task another id.`,
      facts,
    );
  const { until, maxIterations } = options;
  const resultTaskId = last.taskId;
  group.loop = { maxIterations, until: until ?? null, resultTaskId, gateTaskId };
  dag.tasks.set(gateTaskId, {
    taskId: gateTaskId,
    groupId,
    operator: GATE,
    kind: "loop_gate",
    handler: until === undefined ? null : ({ result }: { result: Body }) => until(result),
    respectDownstreamRules: false,
    options: { triggerRule: "all_success" },
    sensor: null,
    role: null,
    inputs: { result: { kind: "xcom", taskId: resultTaskId, key: "return_value", path: [] } },
    mapping: null,
    decision: null,
    site: group.site,
  });
  dag.edges.push({ from: { kind: "task", taskId: resultTaskId }, to: { kind: "task", taskId: gateTaskId } });
  return last as TaskRef<Body>;
}
