import type { DagSpec, InputSpec, Json, MappingSpec, TaskGroupSpec, TaskSpec } from "@tradewind/core";

/** A DAG spec with the questions that the model asks about it. Nothing is prepared: each question looks at the whole spec. */
export class DagModel {
  readonly spec: DagSpec;
  /** Upstreams first. */
  readonly order: readonly TaskSpec[];

  constructor(spec: DagSpec) {
    this.spec = spec;
    const order: TaskSpec[] = [];
    while (order.length < spec.tasks.length) {
      const next = spec.tasks.filter((task) => !order.includes(task) && task.upstream.every((id) => order.some(({ taskId }) => taskId === id)));
      if (next.length === 0) throw new Error(`The tasks of DAG "${spec.dagId}" form a cycle.`);
      order.push(...next);
    }
    this.order = order;
  }

  task(taskId: string): TaskSpec {
    const task = this.spec.tasks.find((one) => one.taskId === taskId);
    if (task === undefined) throw new Error(`DAG "${this.spec.dagId}" has no task "${taskId}".`);
    return task;
  }

  has(taskId: string): boolean {
    return this.spec.tasks.some((one) => one.taskId === taskId);
  }

  children(taskId: string): TaskSpec[] {
    return this.spec.tasks.filter((task) => task.upstream.includes(taskId));
  }

  below(taskId: string): Set<string> {
    const found = new Set<string>();
    for (const child of this.children(taskId)) for (const id of [child.taskId, ...this.below(child.taskId)]) found.add(id);
    return found;
  }

  above(taskId: string): Set<string> {
    return new Set(this.spec.tasks.filter((task) => this.below(task.taskId).has(taskId)).map((task) => task.taskId));
  }

  /** The groups that a task is in, innermost first. */
  groupsOf(task: TaskSpec): TaskGroupSpec[] {
    const groups: TaskGroupSpec[] = [];
    let id = task.groupId;
    while (id !== null) {
      const group = this.spec.groups.find(({ groupId }) => groupId === id)!;
      groups.push(group);
      id = group.parentId;
    }
    return groups;
  }

  /** The groups inside of a group, at any depth. */
  groupsIn(group: TaskGroupSpec): TaskGroupSpec[] {
    const inside = this.spec.groups.filter(({ parentId }) => parentId === group.groupId);
    return inside.flatMap((one) => [one, ...this.groupsIn(one)]);
  }

  tasksIn(group: TaskGroupSpec): TaskSpec[] {
    return this.spec.tasks.filter((task) => this.groupsOf(task).includes(group));
  }

  /** The mapped group or the loop that gives a task its map indexes. */
  multiplierOf(task: TaskSpec): TaskGroupSpec | undefined {
    return this.groupsOf(task).find((group) => group.mapping !== null || group.loop !== null);
  }

  mappingOf(task: TaskSpec): MappingSpec | null {
    return task.mapping ?? this.multiplierOf(task)?.mapping ?? null;
  }

  /**
   * The setups that must have succeeded before a task runs: those above it without a teardown, and those one of whose teardowns is below it.
   */
  setupsOf(task: TaskSpec): TaskSpec[] {
    const below = this.below(task.taskId);
    return [...this.above(task.taskId)]
      .map((id) => this.task(id))
      .filter((setup) => {
        const teardowns = this.children(setup.taskId).filter((child) => child.isTeardown);
        return setup.isSetup && (teardowns.length === 0 || teardowns.some(({ taskId }) => below.has(taskId)));
      });
  }

  /** The tasks whose states decide a run: nothing comes after them but teardowns whose failure does not count. */
  leaves(): TaskSpec[] {
    const counts = (task: TaskSpec): boolean => !task.isTeardown || task.onFailureFailDagRun;
    const leaves = this.spec.tasks.filter((task) => counts(task) && !this.children(task.taskId).some(counts));
    return leaves.length > 0 ? leaves : this.spec.tasks.filter((task) => this.children(task.taskId).length === 0);
  }
}

/** The tasks whose results an input is made of. */
export function sourcesOf(input: InputSpec): string[] {
  switch (input.kind) {
    case "xcom":
      return [input.taskId];
    case "list":
    case "zip":
    case "concat":
      return input.items.flatMap(sourcesOf);
    case "object":
      return Object.values(input.entries).flatMap(sourcesOf);
    case "map":
      return sourcesOf(input.input);
    default:
      return [];
  }
}

export function mappingSources(mapping: MappingSpec): string[] {
  return mapping.kind === "expand" ? Object.values(mapping.inputs).flatMap(sourcesOf) : sourcesOf(mapping.input);
}

/** How many instances a mapping gives; undefined when a result it needs is not what it should be. */
export function mappingLength(mapping: MappingSpec, resultOf: (taskId: string) => Json | undefined): number | undefined {
  const lengthOf = (input: InputSpec): number | undefined => {
    switch (input.kind) {
      case "value":
        return sizeOf(input.value);
      case "xcom":
        return sizeOf(resultOf(input.taskId));
      case "list":
        return input.items.length;
      case "object":
        return Object.keys(input.entries).length;
      case "map":
        return lengthOf(input.input);
      case "concat":
        return combine(input.items.map(lengthOf), (lengths) => lengths.reduce((sum, length) => sum + length, 0));
      case "zip":
        return combine(input.items.map(lengthOf), (lengths) => (input.fill === undefined ? Math.min(...lengths) : Math.max(...lengths)));
      default:
        return undefined;
    }
  };
  if (mapping.kind === "expand_kwargs") return lengthOf(mapping.input);
  return combine(Object.values(mapping.inputs).map(lengthOf), (lengths) => lengths.reduce((product, length) => product * length, 1));
}

function combine(lengths: (number | undefined)[], how: (lengths: number[]) => number): number | undefined {
  const known = lengths.filter((length) => length !== undefined);
  return known.length === lengths.length ? how(known) : undefined;
}

function sizeOf(value: Json | undefined): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
