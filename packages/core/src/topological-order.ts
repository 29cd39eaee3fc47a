export interface TopologicalOrder {
  /** Node numbers, each after all of its upstreams. Nodes on a cycle are left out. */
  order: number[];
  /** Disjoint cycles, each as the nodes along its edges; the last leads back to the first. Empty for a DAG. */
  cycles: number[][];
}

/**
 * Orders nodes 0 … n-1 so that upstreams come first, as near to their numbers as a breadth-first walk keeps them: the same graph always gives the same
 * order. Linear in nodes and edges; no recursion, so that a chain of 10,000 is no deeper than one of two.
 * @param upstreams For each node the numbers of its direct upstreams.
 */
export function topologicalOrder(upstreams: readonly (readonly number[])[]): TopologicalOrder {
  const downstreams = invertEdges(upstreams);
  const missing = upstreams.map((list) => list.length);
  const done = new Uint8Array(upstreams.length);
  const order: number[] = [];
  const cycles: number[][] = [];
  const queue: number[] = [];
  let head = 0;

  const settle = (node: number): void => {
    done[node] = 1;
    for (const below of downstreams[node]!) if (--missing[below]! === 0 && done[below] === 0) queue.push(below);
  };

  for (let node = 0; node < upstreams.length; node++) if (missing[node] === 0) queue.push(node);
  for (let start = 0; ;) {
    while (head < queue.length) {
      const node = queue[head++]!;
      order.push(node);
      settle(node);
    }
    while (start < upstreams.length && done[start] === 1) start++;
    if (start === upstreams.length) return { order, cycles };
    // Whatever is left waits for something that is left. Report one cycle, take it out, and go on, so that one look finds them all.
    const cycle = findCycle(start, upstreams, done);
    cycles.push(cycle);
    for (const node of cycle) done[node] = 1;
    for (const node of cycle) settle(node);
  }
}

/** For each node the nodes that name it as upstream, in order of their numbers. */
export function invertEdges(upstreams: readonly (readonly number[])[]): number[][] {
  const downstreams: number[][] = upstreams.map(() => []);
  for (let node = 0; node < upstreams.length; node++) for (const up of upstreams[node]!) downstreams[up]!.push(node);
  return downstreams;
}

/** Walks up from a node that waits, through nodes that wait, until one comes again. The cycle is given from its smallest number on. */
function findCycle(start: number, upstreams: readonly (readonly number[])[], done: Uint8Array): number[] {
  const seenAt = new Map<number, number>();
  const walk: number[] = [];
  let node = start;
  while (!seenAt.has(node)) {
    seenAt.set(node, walk.length);
    walk.push(node);
    node = upstreams[node]!.find((up) => done[up] === 0)!;
  }
  const cycle = walk.slice(seenAt.get(node)).reverse();
  const first = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
