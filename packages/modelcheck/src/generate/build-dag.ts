import type { DagSpec, InputSpec, Json, MappingSpec, TaskGroupSpec, TaskSpec, TriggerRule } from "@tradewind/core";
import { dagSpec, groupSpec, taskSpec } from "@tradewind/core/plain-spec";
import { type DagGenes, type MappingShape, type Section, UNLIMITED } from "./dag-genes.ts";

export const DAY_MS = 86_400_000;
export const FIRST_DATE = "2026-01-01T00:00:00.000Z";
export const RETRY_DELAY_MS = 60_000;
/** Runs that are to be out of time are so when the clock has been moved on twice. */
export const DAGRUN_TIMEOUT_MS = 90 * 60_000;

/** A DAG, and which section each task came from: the section says how the task ends. */
export interface BuiltDag {
  spec: DagSpec;
  sectionOf: ReadonlyMap<string, Section>;
  pool: { name: string; slots: number } | null;
}

export function buildDag(genes: DagGenes, dagId: string): BuiltDag {
  const builder = new DagBuilder(genes, dagId);
  for (const [index, section] of genes.sections.entries()) builder.add(section, index);
  return builder.build();
}

const literal = ({ shape, lengths }: Section, place = 0): InputSpec => ({ kind: "value", value: listFor(shape, lengths[place % lengths.length]!) });
const resultOf = (taskId: string): InputSpec => ({ kind: "xcom", taskId, key: "return_value", path: [] });

/** A list to be mapped over. */
export function listFor(shape: MappingShape, length: number): Json[] {
  return Array.from({ length }, (_, index) => (shape === "expand_kwargs" ? { member: index } : index));
}

/** A section's mapping over a list, which its other lists are beside, behind, or multiplied with. */
function over(section: Section, input: InputSpec): MappingSpec {
  const other = literal(section, 1);
  const expand = (inputs: Record<string, InputSpec>): MappingSpec => ({ kind: "expand", order: Object.keys(inputs), inputs });
  switch (section.shape) {
    case "expand":
      return expand({ member: input });
    case "product":
      return expand({ other, member: input });
    case "expand_kwargs":
      return { kind: "expand_kwargs", input };
    case "map":
      return expand({ member: { kind: "map", input, mapId: "map1" } });
    case "zip":
      return expand({ member: { kind: "zip", items: [input, other] } });
    case "zip_longest":
      return expand({ member: { kind: "zip", items: [input, other], fill: null } });
    case "concat":
      return expand({ member: { kind: "concat", items: [input, other] } });
  }
}

class DagBuilder {
  readonly #genes: DagGenes;
  readonly #dagId: string;
  readonly #pool: { name: string; slots: number } | null;
  readonly #tasks: TaskSpec[] = [];
  readonly #groups: TaskGroupSpec[] = [];
  readonly #sectionOf = new Map<string, Section>();
  /** What later sections may come after. */
  readonly #outlets: string[] = [];

  constructor(genes: DagGenes, dagId: string) {
    this.#genes = genes;
    this.#dagId = dagId;
    this.#pool = genes.poolSlots === UNLIMITED ? null : { name: `pool_${dagId}`, slots: genes.poolSlots };
  }

  build(): BuiltDag {
    const { runs, maxActiveRuns, maxActiveTasks, maxConsecutiveFailedDagRuns, failFast, timesOut } = this.#genes;
    const isScheduled = runs > 1;
    const spec = dagSpec({
      dagId: this.#dagId,
      isPausedUponCreation: false,
      maxActiveRuns,
      maxActiveTasks,
      maxConsecutiveFailedDagRuns,
      failFast,
      dagrunTimeoutMs: timesOut ? DAGRUN_TIMEOUT_MS : null,
      ...(isScheduled && { catchup: true, schedule: { kind: "delta_trigger", everyMs: DAY_MS, intervalMs: 0 } }),
      ...(isScheduled && { startDate: FIRST_DATE, endDate: new Date(Date.parse(FIRST_DATE) + (runs - 1) * DAY_MS).toISOString() }),
      groups: this.#groups,
      tasks: this.#tasks,
    });
    return { spec, sectionOf: this.#sectionOf, pool: this.#pool };
  }

  add(section: Section, index: number): void {
    const upstream = this.#outlets.length === 0 ? [] : [...new Set(section.parents.map((nat) => this.#outlets[nat % this.#outlets.length]!))];
    this.#addKind(section, index, upstream);
  }

  #addKind(section: Section, index: number, upstream: readonly string[]): void {
    const { kind } = section;
    const id = `${letterOf(section)}${index}`;
    switch (kind) {
      case "task":
      case "branch":
      case "short_circuit":
      case "empty":
        return this.#outlet(this.#task(section, id, { upstream: [...upstream], kind, respectDownstreamRules: bit(section, 0) }));
      case "mapped":
        return this.#outlet(this.#task(section, id, { upstream: [...upstream], mapping: over(section, literal(section)) }));
      case "mapped_over_mapped":
        this.#outlet(this.#task(section, `${id}_src_list`, { upstream: [...upstream] }));
        this.#outlet(this.#task(section, `${id}_list`, { upstream: [`${id}_src_list`], mapping: expandOver(resultOf(`${id}_src_list`)) }));
        return this.#outlet(
          this.#task(section, id, { upstream: this.#with(section, upstream, `${id}_list`), mapping: over(section, resultOf(`${id}_list`)) }),
        );
      case "mapped_over_result":
        this.#outlet(this.#task(section, `${id}_list`, { upstream: [...upstream] }));
        return this.#outlet(
          this.#task(section, id, { upstream: this.#with(section, upstream, `${id}_list`), mapping: over(section, resultOf(`${id}_list`)) }),
        );
      case "setup":
        return this.#addScope(section, id, upstream);
      case "mapped_group":
        return void this.#addGroup(section, id, upstream, { mapping: over(section, literal(section)), ...again(section) });
      case "group_mapped_over_result":
        this.#outlet(this.#task(section, `${id}_list`, { upstream: [...upstream] }));
        return void this.#addGroup(section, id, this.#with(section, upstream, `${id}_list`), {
          mapping: over(section, resultOf(`${id}_list`)),
          ...again(section),
        });
      case "retry_group":
        return this.#addRetryGroup(section, id, upstream);
      case "loop":
        return this.#addLoop(section, id, upstream, again(section));
    }
  }

  /** What is mapped over a result comes after it, and maybe after other things too. */
  #with(section: Section, upstream: readonly string[], source: string): string[] {
    return bit(section, 3) ? [source] : [...new Set([...upstream, source])];
  }

  /** s → work → td, where td undoes s, or two setups; work is a chain or side by side. */
  #addScope(section: Section, id: string, upstream: readonly string[]): void {
    const setups = bit(section, 10) ? [id, `${id}_too`] : [id];
    for (const taskId of setups) this.#outlet(this.#task(section, taskId, { upstream: [...upstream], isSetup: true }));
    const works = this.#chain(
      section,
      (part) => `${id}_w${part}`,
      bit(section, 11) ? setups : [id],
      {},
      bit(section, 1) ? section.rule : "all_success",
    );
    const last = bit(section, 2) ? works : [works.at(-1)!];
    if (bit(section, 4)) return;
    const teardown = this.#task(section, `${id}_down`, {
      upstream: [...new Set([...setups, ...last])].sort(),
      isTeardown: true,
      setups,
      onFailureFailDagRun: bit(section, 5),
    });
    if (!bit(section, 6)) this.#outlet(teardown);
  }

  #addGroup(section: Section, id: string, upstream: readonly string[], fields: Partial<TaskGroupSpec>): string[] {
    this.#groups.push(groupSpec(id, fields));
    return this.#chain(section, (part) => `${id}.${part}`, upstream, { groupId: id }, section.rule);
  }

  /** A chain of tasks; with another core a first task, and after it a group that multiplies, or runs again by itself. */
  #addRetryGroup(section: Section, id: string, upstream: readonly string[]): void {
    const retries = { retries: 1 + (section.flags % 2), retryDelayMs: RETRY_DELAY_MS };
    if (section.core === "chain") return void this.#addGroup(section, id, upstream, retries);
    this.#groups.push(groupSpec(id, retries));
    const first = this.#task(section, `${id}.first`, { upstream: [...upstream], groupId: id });
    this.#outlet(first);
    const inner = `${id}.in`;
    const above = bit(section, 10) ? [first.taskId] : [...upstream];
    if (section.core === "loop") this.#addLoop(section, inner, above, { parentId: id, ...again(section) });
    else if (section.core === "mapped_group")
      this.#addGroup(section, inner, above, { parentId: id, mapping: over(section, literal(section)), ...again(section) });
    else this.#addGroup(section, inner, above, { parentId: id, retries: 1, retryDelayMs: RETRY_DELAY_MS });
  }

  /** A chain, or (by a flag) tasks side by side. The first ones come after `upstream`. Gives all their ids. */
  #chain(section: Section, idOf: (part: number) => string, upstream: readonly string[], fields: Partial<TaskSpec>, rule: TriggerRule): string[] {
    const ids: string[] = [];
    for (let part = 0; part < section.size; part++) {
      const above = part === 0 || bit(section, 7) ? [...upstream] : [ids[part - 1]!];
      const isMapped = this.#groups.find(({ groupId }) => groupId === fields.groupId)?.mapping != null;
      const own = part === 0 ? "all_success" : isMapped && rule === "always" ? "all_done" : rule;
      const kind = part === 0 && bit(section, 12) ? (["branch", "short_circuit", "empty"] as const)[section.flags % 3]! : "task";
      const task = this.#task(section, idOf(part), { ...fields, upstream: above, triggerRule: own, kind });
      ids.push(task.taskId);
      this.#outlet(task);
    }
    return ids;
  }

  #addLoop(section: Section, id: string, upstream: readonly string[], fields: Partial<TaskGroupSpec>): void {
    const gateTaskId = `${id}.gate`;
    const resultTaskId = `${id}.${section.size - 1}`;
    const loop = { maxIterations: 1 + section.lengths[0]!, hasUntil: bit(section, 8), resultTaskId, gateTaskId };
    this.#groups.push(groupSpec(id, { ...fields, loop }));
    let above = [...upstream];
    for (let part = 0; part < section.size; part++) {
      this.#task(section, `${id}.${part}`, { groupId: id, upstream: above, triggerRule: part === 0 ? section.rule : "all_success" });
      above = [`${id}.${part}`];
    }
    this.#outlet(
      this.#task(section, gateTaskId, {
        groupId: id,
        upstream: above,
        kind: "loop_gate",
        triggerRule: "all_success",
        inputs: { result: resultOf(resultTaskId) },
      }),
    );
  }

  #outlet({ taskId }: TaskSpec): void {
    this.#outlets.push(taskId);
  }

  #task(section: Section, taskId: string, fields: Partial<TaskSpec>): TaskSpec {
    const isPlain = section.kind === "task" || section.kind === "mapped" || section.kind === "mapped_over_result";
    const task = taskSpec(taskId, {
      triggerRule: section.rule,
      retries: section.retries,
      retryDelayMs: RETRY_DELAY_MS,
      ...(this.#pool !== null && bit(section, 9) && { pool: this.#pool.name, poolSlots: 1 + (section.flags % Math.min(2, this.#pool.slots)) }),
      ...(isPlain && bit(section, 1) && bit(section, 2) && { maxActiveTisPerDagrun: 1 }),
      ...(isPlain && bit(section, 2) && bit(section, 3) && { maxActiveTisPerDag: 2 }),
      ...(this.#genes.runs > 1 && isPlain && { dependsOnPast: bit(section, 4), waitForDownstream: bit(section, 4) && bit(section, 5) }),
      ...(isPlain && { ignoreFirstDependsOnPast: !bit(section, 6) }),
      ...(this.#genes.runs > 1 && isPlain && bit(section, 4) && bit(section, 7) && { waitForPastDependsBeforeSkipping: true }),
      ...fields,
      ...(fields.isTeardown === true && { triggerRule: "all_done_setup_success" }),
      ...(this.#genes.failFast && fields.isTeardown !== true && { triggerRule: "all_success" }),
    });
    task.upstream = [...task.upstream].sort();
    this.#tasks.push(task);
    this.#sectionOf.set(taskId, section);
    return task;
  }
}

function letterOf({ kind }: Section): string {
  const letters = {
    task: "t",
    mapped: "m",
    mapped_over_result: "x",
    mapped_over_mapped: "y",
    empty: "e",
    branch: "b",
    short_circuit: "c",
    setup: "s",
  } as const;
  const ofGroups = { mapped_group: "g", group_mapped_over_result: "h", retry_group: "r", loop: "l" } as const;
  return { ...letters, ...ofGroups }[kind];
}

const expandOver = (input: InputSpec): MappingSpec => ({ kind: "expand", order: ["place"], inputs: { place: input } });

/** Of groups that multiply: some run again as a whole. */
function again(section: Section): Partial<TaskGroupSpec> {
  return bit(section, 13) ? { retries: 1, retryDelayMs: RETRY_DELAY_MS } : {};
}

/** One of the section's choices. */
function bit({ flags }: Section, place: number): boolean {
  return (flags & (1 << place)) !== 0;
}
