import { compileDag, type DagGraph } from "../src/dag-graph.ts";
import type { DagSpec, InputSpec, Json, MappingSpec, TaskGroupSpec, TaskSpec, TriggerRule } from "../src/dag-spec.ts";
import { dagSpec, groupSpec, taskSpec } from "../src/plain-spec.ts";
import { findDagSpecProblems } from "../src/validate-dag-spec.ts";

/** Numbers that look random and are the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 ≤ n < sides. */
  roll(sides: number): number {
    this.#state ^= this.#state << 13;
    this.#state >>>= 0;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state % sides;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)]!;
  }

  some<T>(items: readonly T[], max: number): T[] {
    const found = new Set<T>();
    const count = items.length === 0 ? 0 : this.roll(Math.min(max, items.length) + 1);
    while (found.size < count) found.add(this.pick(items));
    return [...found];
  }

  isLucky(outOf: number): boolean {
    return this.roll(outOf) === 0;
  }
}

export interface RandomDagOptions {
  blocks: number;
  rules: readonly TriggerRule[];
  /** Branches and short circuits, whose skips depend on the order of execution. */
  branches: boolean;
  /** Whether something may be mapped over nothing, which skips it. */
  emptyLists: boolean;
}

/** A valid DAG with everything that the machine knows: mapped tasks and groups, loops, groups with retries, setups and teardowns, branches, retries. */
export function randomDag(dice: Dice, options: RandomDagOptions): DagGraph {
  const builder = new Builder(dice, options);
  for (let block = 0; block < options.blocks; block++) builder.addBlock();
  const spec: DagSpec = dagSpec({ dagId: "random", tasks: builder.tasks, groups: builder.groups });
  const problems = findDagSpecProblems(spec);
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  return compileDag(spec);
}

class Builder {
  readonly tasks: TaskSpec[] = [];
  readonly groups: TaskGroupSpec[] = [];
  /** Tasks that later ones may come after. */
  readonly #open: string[] = [];
  readonly #sources: string[] = [];
  readonly #dice: Dice;
  readonly #options: RandomDagOptions;

  constructor(dice: Dice, options: RandomDagOptions) {
    this.#dice = dice;
    this.#options = options;
  }

  addBlock(): void {
    const dice = this.#dice;
    const kinds = [
      () => this.#plain(),
      () => this.#plain(),
      () => this.#mapped(),
      () => this.#mappedGroup(),
      () => this.#loop(),
      () => this.#retryGroup(),
      () => this.#setup(),
    ];
    dice.pick(kinds)();
  }

  #id(): string {
    return `t${this.tasks.length}`;
  }

  #add(fields: Partial<TaskSpec>): string {
    const taskId = this.#id();
    const upstream = [...new Set(fields.upstream)].sort();
    const belowSetup = upstream.some((id) => this.tasks.some((task) => task.taskId === id && task.isSetup));
    const rule =
      fields.isTeardown === true ? "all_done_setup_success" : belowSetup ? "all_success" : (fields.triggerRule ?? this.#rule(fields.groupId ?? null));
    this.tasks.push(taskSpec(taskId, { retries: this.#dice.isLucky(4) ? 1 : 0, ...fields, upstream, triggerRule: rule }));
    return taskId;
  }

  #rule(groupId: string | null): TriggerRule {
    const rules = groupId === null ? this.#options.rules : this.#options.rules.filter((rule) => rule !== "always");
    return this.#dice.isLucky(2) ? "all_success" : this.#dice.pick(rules);
  }

  #plain(): void {
    const dice = this.#dice;
    const kinds = this.#options.branches
      ? (["task", "task", "task", "empty", "branch", "short_circuit"] as const)
      : (["task", "task", "empty"] as const);
    const kind = dice.pick(kinds);
    const id = this.#add({ kind, upstream: dice.some(this.#open, 3), respectDownstreamRules: dice.isLucky(2) });
    this.#open.push(id);
    if (kind === "task") this.#sources.push(id);
  }

  /** A literal list, or the result of an earlier task. */
  #mapping(): { mapping: MappingSpec; upstream: string[] } {
    const dice = this.#dice;
    const source = dice.isLucky(2) && this.#sources.length > 0 ? dice.pick(this.#sources) : null;
    const input: InputSpec =
      source === null
        ? { kind: "value", value: Array.from({ length: this.#options.emptyLists ? dice.roll(4) : 1 + dice.roll(3) }, (_, index) => index) }
        : { kind: "xcom", taskId: source, key: "return_value", path: [] };
    return { mapping: { kind: "expand", order: ["x"], inputs: { x: input } }, upstream: source === null ? [] : [source] };
  }

  #mapped(): void {
    const { mapping, upstream } = this.#mapping();
    this.#open.push(this.#add({ mapping, upstream: [...upstream, ...this.#dice.some(this.#open, 2)] }));
  }

  #mappedGroup(): void {
    const dice = this.#dice;
    const groupId = `g${this.groups.length}`;
    const { mapping, upstream } = this.#mapping();
    this.groups.push(groupSpec(groupId, { mapping, retries: dice.isLucky(4) ? 1 : 0 }));
    const inside: string[] = [];
    for (let count = 0; count < 1 + dice.roll(3); count++) {
      const above = dice.some(inside, 2);
      inside.push(this.#add({ groupId, upstream: above.length > 0 ? above : [...upstream, ...dice.some(this.#open, 1)] }));
    }
    this.#open.push(...inside);
  }

  #loop(): void {
    const dice = this.#dice;
    const groupId = `g${this.groups.length}`;
    const first = this.#add({ groupId, upstream: dice.some(this.#open, 2) });
    const body = dice.isLucky(2) ? first : this.#add({ groupId, upstream: [first], triggerRule: "all_success" });
    const gate = this.#add({ groupId, upstream: [body], kind: "loop_gate", triggerRule: "all_success", retries: 0 });
    const loop = { maxIterations: 1 + dice.roll(3), hasUntil: dice.isLucky(2), resultTaskId: body, gateTaskId: gate };
    this.groups.push(groupSpec(groupId, { loop, retries: dice.isLucky(4) ? 1 : 0 }));
    this.#open.push(gate);
  }

  #retryGroup(): void {
    const dice = this.#dice;
    const groupId = `g${this.groups.length}`;
    this.groups.push(groupSpec(groupId, { retries: 1 + dice.roll(2) }));
    const first = this.#add({ groupId, upstream: dice.some(this.#open, 2) });
    const second = this.#add({ groupId, upstream: [first] });
    this.#open.push(dice.pick([first, second]));
  }

  #setup(): void {
    const dice = this.#dice;
    const setup = this.#add({ isSetup: true, upstream: dice.some(this.#open, 1) });
    const work = this.#add({ upstream: [setup, ...dice.some(this.#open, 1)] });
    const more = this.#add({ upstream: [work, ...dice.some(this.#open, 1)] });
    if (!dice.isLucky(4)) {
      this.#add({ isTeardown: true, setups: [setup], upstream: [setup, dice.pick([work, more])], onFailureFailDagRun: dice.isLucky(3) });
    }
    this.#open.push(more);
  }
}

/** How an instance ends: always the same for the same try of the same instance, in whatever order things run. */
export function endOf(
  graph: DagGraph,
  seed: number,
  { taskId, mapIndex, tryNumber }: { taskId: string; mapIndex: number; tryNumber: number },
  { ends, emptyLists = true }: { ends: readonly string[]; emptyLists?: boolean },
) {
  const node = graph.tasks.get(taskId)!;
  const dice = new Dice(seed * 7919 + node.index * 613 + (mapIndex + 2) * 131 + tryNumber * 17);
  for (let warmUp = 0; warmUp < 5; warmUp++) dice.roll(2);
  const end = dice.pick(ends);
  if (end === "failed") return { kind: "failed" as const, message: "by the test" };
  if (end === "skipped") return { kind: "skipped" as const, reason: "by the test" };
  return { kind: "success" as const, result: resultOf(graph, taskId, dice, emptyLists) };
}

function resultOf(graph: DagGraph, taskId: string, dice: Dice, emptyLists: boolean): Json {
  const node = graph.tasks.get(taskId)!;
  if (node.spec.kind === "branch") return dice.some(node.downstream, 2);
  if (node.spec.kind === "short_circuit" || node.spec.kind === "loop_gate") return dice.isLucky(2);
  return Array.from({ length: emptyLists ? dice.roll(4) : 1 + dice.roll(3) }, (_, index) => index);
}
