import type { Graph, GraphTask } from "../api/dag-runs-page.ts";
import type { StructureGroup } from "../api/read-models.ts";
import { shortName } from "../grid/grid-rows.ts";

/** What is drawn: tasks that are in no folded group, folded groups, and open groups around what is in them. */
export type GraphNode =
  | { kind: "task"; id: string; parentId: string | null; label: string; task: GraphTask }
  | { kind: "group"; id: string; parentId: string | null; label: string; group: StructureGroup; isFolded: boolean; tasks: number };

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  /** `data`: an input comes from there. `setup`: from a setup to what undoes it. `order`: only the order counts. */
  kind: "data" | "order" | "setup";
  label: string;
}

export interface GraphElements {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

const MOST_LABEL = 24;

/** Nodes and edges as they are seen with these groups folded: what leads into a folded group leads to it, each pair once. Parents come before what is in them. */
export function graphElements({ tasks, groups }: Pick<Graph, "tasks" | "groups">, folded: ReadonlySet<string>): GraphElements {
  const byId = new Map(groups.map((group) => [group.group_id, group]));
  const seenAs = createSeenAs(byId, folded);
  const size = countTasks(tasks, byId);
  const nodes: GraphNode[] = [];
  for (const group of outermostFirst(groups, byId)) {
    const { group_id: id, parent_id: parentId } = group;
    // An empty group is nothing to draw, and what a folded one hides is not drawn.
    if (!size.has(id) || (parentId !== null && seenAs(parentId) !== null)) continue;
    nodes.push({
      kind: "group",
      id,
      parentId,
      label: shortName(group.display_name, parentId),
      group,
      isFolded: folded.has(id),
      tasks: size.get(id)!,
    });
  }
  const shownAs = new Map<string, string>();
  for (const task of tasks) {
    const hiddenIn = task.group_id === null ? null : seenAs(task.group_id);
    shownAs.set(task.task_id, hiddenIn ?? task.task_id);
    if (hiddenIn !== null) continue;
    nodes.push({ kind: "task", id: task.task_id, parentId: task.group_id, label: shortName(task.display_name, task.group_id), task });
  }
  return { nodes, edges: graphEdges(tasks, shownAs) };
}

/** Finds the outermost folded group that a group is in, itself included; null: it is open, and all around it. */
function createSeenAs(byId: ReadonlyMap<string, StructureGroup>, folded: ReadonlySet<string>): (groupId: string) => string | null {
  const known = new Map<string, string | null>();
  const find = (groupId: string): string | null => {
    if (!known.has(groupId)) {
      const parent = byId.get(groupId)?.parent_id ?? null;
      known.set(groupId, (parent === null ? null : find(parent)) ?? (folded.has(groupId) ? groupId : null));
    }
    return known.get(groupId)!;
  };
  return find;
}

function countTasks(tasks: readonly GraphTask[], byId: ReadonlyMap<string, StructureGroup>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { group_id: own } of tasks) {
    for (let id = own; id !== null; id = byId.get(id)?.parent_id ?? null) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

function outermostFirst(groups: readonly StructureGroup[], byId: ReadonlyMap<string, StructureGroup>): StructureGroup[] {
  const depth = ({ parent_id: parent }: StructureGroup): number => (parent === null || !byId.has(parent) ? 0 : 1 + depth(byId.get(parent)!));
  return groups.toSorted((a, b) => depth(a) - depth(b));
}

function graphEdges(tasks: readonly GraphTask[], shownAs: ReadonlyMap<string, string>): GraphEdge[] {
  const setups = new Set(tasks.flatMap((task) => (task.is_setup ? [task.task_id] : [])));
  const edges = new Map<string, { from: string; to: string; isSetup: boolean; inputs: Set<string> }>();
  for (const task of tasks) {
    for (const { task_id: upstreamId, inputs } of task.upstream) {
      const from = shownAs.get(upstreamId);
      const to = shownAs.get(task.task_id)!;
      if (from === undefined || from === to) continue;
      const id = JSON.stringify([from, to]);
      const edge = edges.get(id) ?? { from, to, isSetup: true, inputs: new Set<string>() };
      if (!task.is_teardown || !setups.has(upstreamId)) edge.isSetup = false;
      for (const input of inputs) edge.inputs.add(input);
      edges.set(id, edge);
    }
  }
  return [...edges].map(([id, { from, to, isSetup, inputs }]) => {
    const label = [...inputs].join(", ");
    return {
      id,
      from,
      to,
      kind: isSetup ? "setup" : inputs.size > 0 ? "data" : "order",
      label: label.length > MOST_LABEL ? `${label.slice(0, MOST_LABEL - 1)}…` : label,
    };
  });
}
