import { compileDag, type DagSpec, getTaskNode, type InputSpec, readDagSpec, TASK_KINDS, TRIGGER_RULES } from "@tradewind/core";
import type { Database } from "@tradewind/metadata";
import { listDagSpecsByVersion } from "@tradewind/metadata/rest";
import { z } from "zod";

const MOST_KEPT = 50;

const StructureEdge = z.strictObject({
  task_id: z.string(),
  /** Which inputs of the task come from that upstream; none where only the order counts. */
  inputs: z.array(z.string()),
});
export const StructureTask = z
  .strictObject({
    task_id: z.string(),
    display_name: z.string(),
    group_id: z.string().nullable(),
    operator: z.string(),
    kind: z.enum(TASK_KINDS),
    trigger_rule: z.enum(TRIGGER_RULES),
    /** Alone, or with its group. */
    is_mapped: z.boolean(),
    is_setup: z.boolean(),
    is_teardown: z.boolean(),
    is_sensor: z.boolean(),
    retries: z.number(),
    upstream: z.array(StructureEdge),
  })
  .meta({ id: "StructureTask" });
export const StructureGroup = z
  .strictObject({
    group_id: z.string(),
    display_name: z.string(),
    parent_id: z.string().nullable(),
    tooltip: z.string(),
    is_mapped: z.boolean(),
    /** Of a loop: after so many iterations it ends. */
    max_iterations: z.number().nullable(),
    retries: z.number(),
  })
  .meta({ id: "StructureGroup" });

/** Tasks and groups of one version of a DAG, as the pages draw them. */
export interface DagStructure {
  /** Upstreams first. */
  tasks: z.infer<typeof StructureTask>[];
  groups: z.infer<typeof StructureGroup>[];
}

/** Finds the structures of versions by their ids. */
export type FindStructures = (versionIds: readonly number[]) => Promise<ReadonlyMap<number, DagStructure>>;

/** A version never changes, so what was read of it once is kept: the versions that are looked at most recently. */
export function createStructures(db: Database): FindStructures {
  const kept = new Map<number, DagStructure>();
  return async (versionIds) => {
    const missing = versionIds.filter((id) => !kept.has(id));
    const read = new Map<number, DagStructure>();
    for (const [id, spec] of await listDagSpecsByVersion(db, { ids: missing })) read.set(id, toStructure(readDagSpec(spec)));
    const found = new Map<number, DagStructure>();
    for (const id of versionIds) {
      const structure = kept.get(id) ?? read.get(id);
      if (structure === undefined) continue;
      found.set(id, structure);
      kept.delete(id);
      kept.set(id, structure);
    }
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return found;
  };
}

function toStructure(spec: DagSpec): DagStructure {
  const graph = compileDag(spec);
  return {
    tasks: graph.topologicalOrder.map((taskId) => {
      const { spec: task, indexGroupId } = getTaskNode(graph, taskId);
      return {
        task_id: taskId,
        display_name: task.displayName ?? taskId,
        group_id: task.groupId,
        operator: task.operator,
        kind: task.kind,
        trigger_rule: task.triggerRule,
        is_mapped: task.mapping !== null || indexGroupId !== null,
        is_setup: task.isSetup,
        is_teardown: task.isTeardown,
        is_sensor: task.sensor !== null,
        retries: task.retries,
        upstream: task.upstream.map((upstreamId) => ({ task_id: upstreamId, inputs: inputsFrom(task, upstreamId) })),
      };
    }),
    groups: spec.groups.map((group) => ({
      group_id: group.groupId,
      display_name: group.displayName ?? group.groupId,
      parent_id: group.parentId,
      tooltip: group.tooltip,
      is_mapped: group.mapping !== null,
      max_iterations: group.loop?.maxIterations ?? null,
      retries: group.retries,
    })),
  };
}

function inputsFrom({ inputs, mapping }: DagSpec["tasks"][number], upstreamId: string): string[] {
  const mapped: Record<string, InputSpec> = mapping === null ? {} : mapping.kind === "expand" ? mapping.inputs : { "…": mapping.input };
  return Object.entries({ ...inputs, ...mapped }).flatMap(([name, input]) => (comesFrom(input, upstreamId) ? [name] : []));
}

function comesFrom(input: InputSpec, taskId: string): boolean {
  switch (input.kind) {
    case "xcom":
      return input.taskId === taskId;
    case "map":
      return comesFrom(input.input, taskId);
    case "list":
    case "zip":
    case "concat":
      return input.items.some((item) => comesFrom(item, taskId));
    case "object":
      return Object.values(input.entries).some((entry) => comesFrom(entry, taskId));
    default:
      return false;
  }
}
