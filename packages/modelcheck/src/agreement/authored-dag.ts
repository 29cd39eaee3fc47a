import type { Json, TriggerRule } from "@tradewind/core";
import { Dag, FailTask, getContext, SkipTask, type TaskFactory, type TaskGroup, type TaskOptions, type TaskRef } from "tradewind";
import type { DagGenes, End, Section } from "../generate/dag-genes.ts";

/** A generated DAG, written as an author writes one, and how each of its attempts ends: the same where its handlers run, and where somebody reports for them. */
export interface AuthoredDag {
  dag: Dag;
  endOf: (attempt: AttemptPlace) => AuthoredEnd;
}

export interface AttemptPlace {
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

export type AuthoredEnd = { kind: "success"; result: Json | undefined } | { kind: "skipped" } | { kind: "failed"; retryable: boolean };

/** What later sections may come after. */
type Outlet = TaskRef<unknown> | TaskGroup<unknown>;

/** How a task of a section ends when it succeeds. */
type Returns = (place: { mapIndex: number; tryNumber: number }) => Json | undefined;

const nothing: Returns = () => undefined;

/** Which rule fires first is a matter of speed: with these the end is the same whoever is faster. */
const FAST_RULES: readonly TriggerRule[] = ["always", "one_success", "one_failed", "one_done"];

export function authorDag(genes: DagGenes, dagId: string): AuthoredDag {
  const author = new Author(genes, dagId);
  for (const [index, section] of genes.sections.entries()) author.add(section, index);
  return { dag: author.dag, endOf: (place) => author.endOf(place) };
}

class Author {
  readonly dag: Dag;
  readonly #failFast: boolean;
  readonly #outlets: Outlet[] = [];
  readonly #tasks = new Map<string, { section: Section; returns: Returns }>();

  constructor({ failFast }: DagGenes, dagId: string) {
    this.#failFast = failFast;
    this.dag = new Dag(dagId, { schedule: null, maxActiveTasks: 1, isPausedUponCreation: false, failFast });
  }

  endOf({ taskId, mapIndex, tryNumber }: AttemptPlace): AuthoredEnd {
    const { section, returns } = this.#tasks.get(taskId)!;
    const end: End = section.ends[(tryNumber - 1 + Math.max(0, mapIndex) + taskId.length) % section.ends.length]!;
    if (end === "skipped") return { kind: "skipped" };
    if (end === "failed" || end === "failed_for_good") return { kind: "failed", retryable: end === "failed" };
    return { kind: "success", result: returns({ mapIndex, tryNumber }) };
  }

  add(section: Section, index: number): void {
    const above = this.#outlets.length === 0 ? [] : [...new Set(section.parents.map((nat) => this.#outlets[nat % this.#outlets.length]!))];
    const id = `s${index}`;
    const lengths = section.lengths.map((length) => Array.from({ length }, (_, member) => member));
    const list: Returns = ({ tryNumber }) => lengths[(tryNumber - 1) % lengths.length];
    switch (section.kind) {
      case "mapped":
        return this.#outlet(this.#declare(section, id).expand({ member: lengths[0]! }), above);
      case "mapped_over_result":
      case "mapped_over_mapped":
      case "group_mapped_over_result": {
        const source = this.#outlet(this.#declare(section, `${id}_list`, list)(), above);
        if (section.kind !== "group_mapped_over_result") return this.#outlet(this.#declare(section, id).expand({ member: source }), []);
        return this.#mapGroup(section, id, source);
      }
      case "mapped_group":
        return this.#outlet(this.#mapGroup(section, id, lengths[0]!), above);
      case "branch":
        return this.#branch(section, id, above);
      case "short_circuit": {
        const decides: Returns = ({ tryNumber }) => (section.flags + tryNumber) % 2 === 0;
        const options = { ...this.#options(section, id), respectDownstreamRules: section.flags % 3 === 0 };
        this.#know(section, id, decides);
        return this.#outlet(this.dag.shortCircuit(id, () => this.#act(), options)(), above);
      }
      case "setup":
        return this.#scope(section, id, above);
      case "retry_group":
        return this.#retryGroup(section, id, above);
      case "loop":
        return this.#loop(section, id, above);
      default:
        return this.#outlet(this.#declare(section, id)(), above);
    }
  }

  #outlet<O extends Outlet>(outlet: O, above: readonly Outlet[]): O & void;
  #outlet(outlet: Outlet, above: readonly Outlet[]): Outlet {
    if (above.length > 0) outlet.after([...above]);
    this.#outlets.push(outlet);
    return outlet;
  }

  #know(section: Section, taskId: string, returns: Returns): void {
    this.#tasks.set(taskId, { section, returns });
  }

  /** The code of every task. */
  #act(): never {
    const { task, attempt } = getContext();
    const end = this.endOf({ taskId: task.taskId, mapIndex: task.mapIndex ?? -1, tryNumber: attempt.tryNumber });
    if (end.kind === "skipped") throw new SkipTask("generated");
    if (end.kind === "failed") throw end.retryable ? new Error("generated") : new FailTask("generated");
    return end.result as never;
  }

  #options(section: Section, id: string, rule = section.rule): TaskOptions {
    // Delays of their own: no two waits end at the same moment.
    const retryDelay = 60_000 + 1_000 * (this.#tasks.size + id.length * 61);
    const isFast = FAST_RULES.includes(rule);
    return { retries: section.retries, retryDelay, triggerRule: this.#failFast || isFast ? "all_success" : rule };
  }

  #declare(section: Section, id: string, returns = nothing, options = this.#options(section, id)) {
    this.#know(section, id, returns);
    return this.dag.task(id.slice(id.lastIndexOf(".") + 1), (): number[] => this.#act(), options) as TaskFactory<
      { member?: number; index?: number },
      number[]
    >;
  }

  #branch(section: Section, id: string, above: readonly Outlet[]): void {
    const sides = Array.from({ length: section.size + 1 }, (_, side) => `${id}_${side}`);
    const follows: Returns = ({ tryNumber }) => sides.filter((_, side) => ((section.flags + tryNumber) & (1 << side)) !== 0);
    this.#know(section, id, follows);
    const decider = this.dag.branch(id, () => this.#act(), this.#options(section, id))();
    this.#outlet(decider, above);
    for (const side of sides) this.#outlet(this.#declare(section, side)(), [decider]);
  }

  #scope(section: Section, id: string, above: readonly Outlet[]): void {
    this.#know(section, id, nothing);
    const setup = this.dag.setup(id, () => this.#act(), this.#options(section, id))();
    if (above.length > 0) setup.after([...above]);
    const work = this.#declare(section, `${id}_work`, nothing, this.#options(section, `${id}_work`, "all_success"))();
    // Directly below a setup only all_success is allowed: other sections come after the work.
    this.#outlet(work, [setup]);
    const last = this.#declare(section, `${id}_last`)();
    this.#outlet(last, [work]);
    this.#know(section, `${id}_down`, nothing);
    const { triggerRule: _, ...options } = this.#options(section, `${id}_down`);
    const down = this.dag.teardown(`${id}_down`, () => this.#act(), { ...options, onFailureFailDagRun: section.flags % 2 === 0 })();
    down.after([setup, last]);
  }

  #mapGroup(section: Section, id: string, over: TaskRef<number[]> | number[]): TaskGroup<unknown> & void {
    const rule = section.rule === "always" ? "all_done" : section.rule;
    const ids = Array.from({ length: section.size }, (_, part) => `${id}.${id}_${part}`);
    const tasks = ids.map((one, part) => this.#declare(section, one, nothing, this.#options(section, one, part === 0 ? "all_success" : rule)));
    return this.dag.taskGroup(id).expand({ member: over }, () => {
      const refs = tasks.map((task) => task());
      for (const [part, ref] of refs.entries()) if (part > 0) ref.after(refs[part - 1]!);
    }) as TaskGroup<unknown> & void;
  }

  #retryGroup(section: Section, id: string, above: readonly Outlet[]): void {
    const tasks = Array.from({ length: section.size }, (_, part) => this.#declare(section, `${id}.${id}_${part}`));
    const retryDelay = 3_600_000 + 1_000 * this.#tasks.size;
    const group = this.dag.taskGroup(
      id,
      () => {
        const refs = tasks.map((task) => task());
        for (const [part, ref] of refs.entries()) if (part > 0) ref.after(refs[part - 1]!);
      },
      { retries: 1 + (section.flags % 2), retryDelay },
    );
    this.#outlet(group, above);
  }

  #loop(section: Section, id: string, above: readonly Outlet[]): void {
    const body = `${id}.${id}_body`;
    const task = this.#declare(section, body, ({ mapIndex }) => mapIndex);
    const stopsAt = section.flags % 3;
    // `until` ends like a body that always succeeds; its result is about the iteration.
    this.#know({ ...section, ends: ["success"] }, `${id}.loop_gate`, ({ mapIndex }) => mapIndex >= stopsAt);
    const options = { maxIterations: 1 + section.lengths[0]!, until: (result: unknown) => Number(result) >= stopsAt };
    const group = this.dag.taskGroup(id).loop(options, ({ index }) => task({ index }));
    this.#outlet(group, above);
  }
}
