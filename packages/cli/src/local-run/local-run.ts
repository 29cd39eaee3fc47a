import {
  countRunOutcome,
  countUpstreams,
  decideRunOutcome,
  decidesBranch,
  type DagGraph,
  errorMessage,
  evaluateTriggerRule,
  getTaskNode,
  isTerminal,
  type Json,
  listAncestors,
  mappingContext,
  type MaybeState,
  measureMapping,
  planBranch,
  planShortCircuit,
  resolveTaskInputs,
  RETURN_VALUE_KEY,
  type TaskNode,
  UNMAPPED,
  type XComReader,
} from "@tradewind/core";

/** One task instance of a run that lives in memory only. */
export interface LocalInstance {
  readonly node: TaskNode;
  readonly mapIndex: number;
  state: MaybeState;
  /** Why it has its state, when it was not run. */
  reason: string | null;
  tryNumber: number;
  durationMs: number | null;
  error: string | null;
  /** By key; the handler's result is under `return_value`. */
  readonly xcoms: Map<string, Json>;
}

/** How an attempt ended, for the run. */
export type LocalEnd = { state: "success"; result: Json | undefined } | { state: "skipped"; reason: string } | { state: "failed"; error: string };

/**
 * A whole run as plain data, under the same decisions as the engine's: trigger rules, branches, mapping, outcome. `next` gives what may run; `end` records how it went.
 */
export class LocalRun {
  readonly graph: DagGraph;
  /** Every instance, tasks in topological order; `onDecided` hears of those that get their state without being run. */
  readonly #instances = new Map<string, LocalInstance[]>();
  readonly #onDecided: (instance: LocalInstance) => void;

  /** @param only run these tasks and what they need; null: all */
  constructor(graph: DagGraph, only: readonly string[] | null, onDecided: (instance: LocalInstance) => void) {
    this.graph = graph;
    this.#onDecided = onDecided;
    const wanted = only === null ? null : new Set([...only.map((id) => getTaskNode(graph, id).taskId), ...listAncestors(graph, only)]);
    for (const taskId of graph.topologicalOrder) {
      if (wanted === null || wanted.has(taskId)) this.#instances.set(taskId, [newInstance(getTaskNode(graph, taskId), UNMAPPED)]);
    }
  }

  get instances(): LocalInstance[] {
    return [...this.#instances.values()].flat();
  }

  /** The next instance that may run; null: none will any more. */
  next(): LocalInstance | null {
    for (;;) {
      const before = this.#decided;
      for (const instance of this.instances) {
        if (instance.state !== null) continue;
        const ready = this.#decide(instance);
        if (ready !== null) return ready;
      }
      if (this.#decided === before) return null;
    }
  }
  #decided = 0;

  /** The inputs of an instance. Throws what `resolveInputs` and mapping throw. */
  inputsOf({ node, mapIndex }: LocalInstance): Record<string, Json> {
    return resolveTaskInputs(this.graph, node, mapIndex, this.#read).inputs;
  }

  end(instance: LocalInstance, how: LocalEnd): void {
    instance.state = how.state;
    if (how.state === "failed") instance.error = how.error;
    if (how.state === "skipped") instance.reason = how.reason;
    if (how.state !== "success") return;
    if (how.result !== undefined) instance.xcoms.set(RETURN_VALUE_KEY, how.result);
    if (decidesBranch(instance.node)) this.#skipBranches(instance, how.result);
  }

  /** The run's state. What never became ready deadlocks it. */
  outcome(): "success" | "failed" {
    const outcome = decideRunOutcome(
      countRunOutcome(
        { ...this.graph, outcomeTaskIds: this.#leafIds() },
        this.instances.map(({ node, state }) => ({ taskId: node.taskId, state })),
      ),
    );
    return outcome.state === "success" ? "success" : "failed";
  }

  xcom(taskId: string, key: string, mapIndex: number | undefined): Json | undefined {
    const instances = this.#instances.get(taskId) ?? [];
    if (mapIndex !== undefined) return instances.find((instance) => instance.mapIndex === mapIndex)?.xcoms.get(key);
    if (!instances.some((instance) => instance.mapIndex !== UNMAPPED) && !this.#isMapped(taskId)) return instances[0]?.xcoms.get(key);
    return instances.flatMap((instance) => (instance.xcoms.has(key) ? [instance.xcoms.get(key)!] : []));
  }

  readonly #read: XComReader = ({ taskId, key }) =>
    (this.#instances.get(taskId) ?? []).flatMap(({ mapIndex, xcoms }) => (xcoms.has(key) ? [{ mapIndex, value: xcoms.get(key)! }] : []));

  #isMapped(taskId: string): boolean {
    return getTaskNode(this.graph, taskId).spec.mapping !== null;
  }

  /** Gives the instance when it may run now; else it may have got a state, or waits. */
  #decide(instance: LocalInstance): LocalInstance | null {
    const { node, mapIndex } = instance;
    const upstreams = node.upstream.flatMap((taskId) => this.#instances.get(taskId) ?? []);
    const counts = countUpstreams(upstreams.map((upstream) => upstream.state));
    const verdict = evaluateTriggerRule({ rule: node.spec.triggerRule, counts, mapIndex });
    if (verdict.verdict === "wait") return null;
    if (verdict.verdict === "set") return this.#set(instance, verdict.state, verdict.reason);
    if (node.spec.mapping !== null && mapIndex === UNMAPPED) return this.#expand(instance);
    return node.spec.kind === "empty" ? this.#set(instance, "success", "it has nothing to run") : instance;
  }

  #expand(instance: LocalInstance): LocalInstance | null {
    const { node } = instance;
    const mapping = node.spec.mapping!;
    let length: number;
    try {
      length = measureMapping(mapping, mappingContext(this.graph, node.taskId, this.#read));
    } catch (error) {
      instance.error = errorMessage(error);
      return this.#set(instance, "failed", instance.error);
    }
    if (length === 0) return this.#set(instance, "skipped", "it is mapped over nothing");
    const expanded = Array.from({ length }, (_, index) => newInstance(node, index));
    this.#instances.set(node.taskId, expanded);
    return expanded[0]!;
  }

  #set(instance: LocalInstance, state: Exclude<MaybeState, null>, reason: string): null {
    instance.state = state;
    instance.reason = reason;
    this.#decided += 1;
    this.#onDecided(instance);
    return null;
  }

  #skipBranches({ node }: LocalInstance, result: Json | undefined): void {
    const plan = node.spec.kind === "branch" ? planBranch(this.graph, node.taskId, result) : planShortCircuit(this.graph, node.taskId, result);
    for (const instance of plan.skip.flatMap((taskId) => this.#instances.get(taskId) ?? [])) {
      if (!isTerminal(instance.state)) this.#set(instance, "skipped", `"${node.taskId}" did not choose it`);
    }
  }

  #leafIds(): string[] {
    return [...this.#instances.keys()].filter((taskId) => !getTaskNode(this.graph, taskId).downstream.some((child) => this.#instances.has(child)));
  }
}

function newInstance(node: TaskNode, mapIndex: number): LocalInstance {
  return { node, mapIndex, state: null, reason: null, tryNumber: 0, durationMs: null, error: null, xcoms: new Map() };
}
