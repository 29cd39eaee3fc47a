import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { GraphElements, GraphNode } from "./graph-elements.ts";

export type Direction = "LR" | "TB";

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** Where everything is: boxes within their parents and within the whole, edges as lines through points of the whole. */
export interface GraphLayout {
  inParent: ReadonlyMap<string, Box>;
  inWhole: ReadonlyMap<string, Box>;
  lines: ReadonlyMap<string, { points: readonly Point[]; label: Box | null }>;
  width: number;
  height: number;
}

const NODE_HEIGHT = 42;
const LETTER_WIDTH = 7.2;
const SMALL_LETTER_WIDTH = 6.3;
const LEAST_WIDTH = 116;
const MOST_WIDTH = 264;
/** Sign, marks and padding; of a group the sign that it can be unfolded too. */
const AROUND_LABEL = 62;
const AROUND_GROUP_LABEL = 84;
/** Labels of more edges than these would only be noise. */
const MOST_LABELLED = 250;
/** From so many nodes on the layout is made with less care, or it would take long. */
const MANY_NODES = 300;

/** Trigger rules that are said by other signs, or need not be said. */
export const ORDINARY_RULES: ReadonlySet<string> = new Set(["all_success", "all_done_setup_success"]);

export function nodeSize(node: GraphNode): { width: number; height: number } {
  const around = node.kind === "group" ? AROUND_GROUP_LABEL : AROUND_LABEL;
  const width = Math.round(Math.max(node.label.length * LETTER_WIDTH, subWidth(node))) + around;
  return { width: Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width)), height: NODE_HEIGHT };
}

function subWidth(node: GraphNode): number {
  if (node.kind === "group" || ORDINARY_RULES.has(node.task.trigger_rule)) return 0;
  return (node.task.operator.length + node.task.trigger_rule.length) * SMALL_LETTER_WIDTH + 16;
}

/** What is asked of the layout engine. */
export function toElkGraph({ nodes, edges }: GraphElements, direction: Direction): ElkNode {
  const root: ElkNode = { id: "/", children: [], layoutOptions: rootOptions(nodes.length, direction) };
  const byId = new Map<string | null, ElkNode>([[null, root]]);
  for (const node of nodes) {
    const elk: ElkNode = { id: node.id, ...(isOpen(node) ? { children: [], layoutOptions: GROUP_OPTIONS } : nodeSize(node)) };
    byId.set(node.id, elk);
    (byId.get(node.parentId) ?? root).children!.push(elk);
  }
  const isLabelled = edges.length <= MOST_LABELLED;
  root.edges = edges.map(({ id, from, to, label }) => ({
    id,
    sources: [from],
    targets: [to],
    ...(isLabelled && label !== "" ? { labels: [{ text: label, width: label.length * 6.2 + 8, height: 16 }] } : {}),
  }));
  return root;
}

function isOpen(node: GraphNode): boolean {
  return node.kind === "group" && !node.isFolded;
}

function rootOptions(nodes: number, direction: Direction): Record<string, string> {
  return {
    "elk.algorithm": "layered",
    "elk.direction": direction === "LR" ? "RIGHT" : "DOWN",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.json.edgeCoords": "ROOT",
    "elk.spacing.nodeNode": "16",
    "elk.spacing.edgeNode": "12",
    "elk.spacing.componentComponent": "28",
    "elk.layered.spacing.nodeNodeBetweenLayers": "44",
    "elk.layered.spacing.edgeNodeBetweenLayers": "16",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.layered.nodePlacement.strategy": nodes > MANY_NODES ? "BRANDES_KOEPF" : "NETWORK_SIMPLEX",
    "elk.layered.thoroughness": nodes > MANY_NODES ? "1" : "7",
    // Edges share their way where they can: a hundred from one task are one trunk, not a comb.
    "elk.layered.mergeEdges": "true",
    "elk.edgeLabels.inline": "false",
    "elk.padding": "[top=24,left=24,bottom=24,right=24]",
  };
}

const GROUP_OPTIONS = { "elk.padding": "[top=38,left=14,bottom=14,right=14]" };

/** What the layout engine has found. */
export function fromElkGraph(root: ElkNode): GraphLayout {
  const inParent = new Map<string, Box>();
  const inWhole = new Map<string, Box>();
  const walk = (node: ElkNode, origin: Point) => {
    for (const child of node.children ?? []) {
      const box = { x: child.x ?? 0, y: child.y ?? 0, width: child.width ?? 0, height: child.height ?? 0 };
      const place = { ...box, x: origin.x + box.x, y: origin.y + box.y };
      inParent.set(child.id, box);
      inWhole.set(child.id, place);
      walk(child, place);
    }
  };
  walk(root, { x: 0, y: 0 });
  const lines = new Map((root.edges ?? []).map((edge) => [edge.id, { points: pointsOf(edge), label: labelOf(edge) }]));
  return { inParent, inWhole, lines, width: root.width ?? 0, height: root.height ?? 0 };
}

function pointsOf({ sections = [] }: ElkExtendedEdge): Point[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
}

function labelOf({ labels = [] }: ElkExtendedEdge): Box | null {
  const [label] = labels;
  return label === undefined ? null : { x: label.x ?? 0, y: label.y ?? 0, width: label.width ?? 0, height: label.height ?? 0 };
}
