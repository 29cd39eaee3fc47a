import type { Grid, GridRun, GridTask, StructureGroup } from "../api/read-models.ts";
import { lookOf } from "../states/state-look.ts";

/** One line of the grid: a task, or a group with everything in it. */
export type GridRow =
  | { kind: "task"; key: string; id: string; task: GridTask; place: number; depth: number; label: string }
  | { kind: "group"; key: string; id: string; group: StructureGroup; depth: number; label: string; isFolded: boolean; places: number[] };

/** The lines in their order, a group where its first task is and what is in it below. Folded groups hide what is in them. */
export function gridRows({ tasks, groups }: Pick<Grid, "tasks" | "groups">, folded: ReadonlySet<string>): GridRow[] {
  type Member = { place: number } | { group: StructureGroup };
  const membersOf = new Map<string | null, Member[]>();
  const byId = new Map(groups.map((group) => [group.group_id, group]));
  const placed = new Set<string>();
  const add = (parent: string | null, member: Member) => {
    const members = membersOf.get(parent);
    if (members === undefined) membersOf.set(parent, [member]);
    else members.push(member);
  };
  const placeGroup = (groupId: string) => {
    const group = byId.get(groupId);
    if (group === undefined || placed.has(groupId)) return;
    placed.add(groupId);
    if (group.parent_id !== null) placeGroup(group.parent_id);
    add(group.parent_id, { group });
  };
  for (const [place, { group_id: groupId }] of tasks.entries()) {
    if (groupId !== null) placeGroup(groupId);
    add(groupId, { place });
  }

  const rows: GridRow[] = [];
  const walk = (parent: string | null, depth: number, isShown: boolean): number[] => {
    const places: number[] = [];
    for (const member of membersOf.get(parent) ?? []) {
      if ("place" in member) {
        const task = tasks[member.place]!;
        if (isShown)
          rows.push({
            kind: "task",
            key: `t:${task.task_id}`,
            id: task.task_id,
            task,
            place: member.place,
            depth,
            label: shortName(task.display_name, parent),
          });
        places.push(member.place);
        continue;
      }
      const { group } = member;
      const id = group.group_id;
      const row: GridRow = {
        kind: "group",
        key: `g:${id}`,
        id,
        group,
        depth,
        label: shortName(group.display_name, parent),
        isFolded: folded.has(id),
        places: [],
      };
      if (isShown) rows.push(row);
      row.places = walk(id, depth + 1, isShown && !row.isFolded);
      places.push(...row.places);
    }
    return places;
  };
  walk(null, 0, true);
  return rows;
}

/** Inside its group a task need not repeat the group's name. */
export function shortName(name: string, groupId: string | null): string {
  return groupId !== null && name.startsWith(`${groupId}.`) ? name.slice(groupId.length + 1) : name;
}

/** What a cell shows: the state that most asks for attention, and how many instances it stands for. */
export interface CellSummary {
  state: string | null;
  instances: number;
  /** By state, worst first; more than one entry where instances differ. */
  counts: readonly (readonly [state: string | null, instances: number])[];
}

export type Letters = Readonly<Record<string, string>>;

const MANY = "*";
const NONE = " ";

/** What a run did with a row; undefined: it has none of its tasks. */
export function cellOf(row: GridRow, run: GridRun, letters: Letters): CellSummary | undefined {
  return row.kind === "task" ? taskCell(run, row.place, letters) : groupCell(run, row.places, letters);
}

function taskCell(run: GridRun, place: number, letters: Letters): CellSummary | undefined {
  const letter = run.states[place] ?? NONE;
  if (letter === NONE) return undefined;
  if (letter !== MANY) return ones(letter, letters);
  return summarise(countsOf(run).get(place) ?? []);
}

const countsByRun = new WeakMap<GridRun, ReadonlyMap<number, GridRun["many"][number][1]>>();

function countsOf(run: GridRun): ReadonlyMap<number, GridRun["many"][number][1]> {
  let counts = countsByRun.get(run);
  if (counts === undefined) countsByRun.set(run, (counts = new Map(run.many)));
  return counts;
}

function groupCell(run: GridRun, places: readonly number[], letters: Letters): CellSummary | undefined {
  const counts: [string | null, number][] = [];
  for (const place of places) {
    const cell = taskCell(run, place, letters);
    if (cell !== undefined) for (const [state, instances] of cell.counts) counts.push([state, instances]);
  }
  return counts.length === 0 ? undefined : summarise(counts);
}

const single = new Map<string, CellSummary>();

/** Most cells are one instance in a state: they share one summary for each state, so that an unchanged cell is the same object. */
function ones(letter: string, letters: Letters): CellSummary {
  const word = letters[letter] ?? "none";
  let cell = single.get(word);
  if (cell === undefined) {
    const state = word === "none" ? null : word;
    cell = { state, instances: 1, counts: [[state, 1]] };
    single.set(word, cell);
  }
  return cell;
}

function summarise(counts: readonly (readonly [string | null, number])[]): CellSummary {
  const byState = new Map<string | null, number>();
  let total = 0;
  for (const [state, instances] of counts) {
    byState.set(state, (byState.get(state) ?? 0) + instances);
    total += instances;
  }
  const states = [...byState.keys()].sort((a, b) => lookOf(b).weight - lookOf(a).weight);
  return { state: states[0] ?? null, instances: total, counts: states.map((state) => [state, byState.get(state)!]) };
}
