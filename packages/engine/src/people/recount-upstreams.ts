import { countUpstreams, type DagGraph, type MaybeState, NO_UPSTREAMS, type UpstreamCounts } from "@tradewind/core";

/** A task instance as its place and state. */
export interface CountedInstance {
  taskId: string;
  state: MaybeState;
}

/**
 * The upstream counters that the instances of each task must have, from the states of all instances of the run: what incremental updates amount to. For changes that take back ends
 * (clearing, marking, another version of the DAG), after which adding up is not enough.
 *
 * Every instance of an expanded upstream counts, and a placeholder as one. Linear in instances and edges.
 */
export function recountUpstreams(graph: DagGraph, instances: Iterable<CountedInstance>): Map<string, UpstreamCounts> {
  const statesByTask = new Map<string, MaybeState[]>();
  for (const { taskId, state } of instances) {
    const states = statesByTask.get(taskId);
    if (states === undefined) statesByTask.set(taskId, [state]);
    else states.push(state);
  }
  const ownCounts = new Map([...statesByTask].map(([taskId, states]) => [taskId, countUpstreams(states)]));
  return new Map([...graph.tasks.values()].map((node) => [node.taskId, sumCounts(node.upstream.map((id) => ownCounts.get(id) ?? NO_UPSTREAMS))]));
}

export function sameCounts(one: UpstreamCounts, other: UpstreamCounts): boolean {
  return (Object.keys(NO_UPSTREAMS) as (keyof UpstreamCounts)[]).every((key) => one[key] === other[key]);
}

function sumCounts(counts: readonly UpstreamCounts[]): UpstreamCounts {
  const sum: { -readonly [K in keyof UpstreamCounts]: number } = { ...NO_UPSTREAMS };
  for (const one of counts) {
    sum.total += one.total;
    sum.success += one.success;
    sum.skipped += one.skipped;
    sum.failed += one.failed;
    sum.upstreamFailed += one.upstreamFailed;
    sum.removed += one.removed;
  }
  return sum;
}
