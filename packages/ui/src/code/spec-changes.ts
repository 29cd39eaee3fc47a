import { type DagSpec, describeTimetable, paramsInOrder, type TaskSpec } from "@tradewind/core";
import { formatDurationMs } from "../time/format.ts";

export interface SpecChange {
  kind: "added" | "removed" | "changed";
  /** What it is about: `Schedule`, `Task load`. */
  subject: string;
  /** What became of it; empty when the kind says all. */
  text: string;
}

/** What changed from one version of a DAG to another, in words. Nothing: only the code of tasks did. */
export function specChanges(before: DagSpec, after: DagSpec): SpecChange[] {
  return [
    ...dagChanges(before, after),
    ...paramOrderChange(before, after),
    ...listChanges(namedParams(before), namedParams(after), "Param", (a, b) => fieldChanges(a, b, [])),
    ...listChanges(byId(before.groups, "groupId"), byId(after.groups, "groupId"), "Group", (a, b) => fieldChanges(a, b, ["groupId"])),
    ...listChanges(byId(before.tasks, "taskId"), byId(after.tasks, "taskId"), "Task", taskChanges),
  ];
}

const OF_ITS_OWN = ["specVersion", "dagId", "tasks", "groups", "params", "paramOrder", "schedule"];

function dagChanges(before: DagSpec, after: DagSpec): SpecChange[] {
  const changes = fieldChanges(before, after, OF_ITS_OWN).map(({ name, text }): SpecChange => ({ kind: "changed", subject: capital(name), text }));
  if (same(before.schedule, after.schedule)) return changes;
  const [was, is] = [scheduleOf(before), scheduleOf(after)];
  return [{ kind: "changed", subject: "Schedule", text: was === is ? "its details changed" : `${was} → ${is}` }, ...changes];
}

function scheduleOf({ schedule }: DagSpec): string {
  if (schedule.kind === "none") return "none";
  const { summary, description } = describeTimetable(schedule);
  return summary === description ? summary : `${summary} (${description})`;
}

/** Params that came or went say so themselves. */
function paramOrderChange(before: DagSpec, after: DagSpec): SpecChange[] {
  const [was, is] = [namesOfParams(before), namesOfParams(after)];
  if (same(was, is) || !same(was.toSorted(), is.toSorted())) return [];
  return [{ kind: "changed", subject: "Params", text: `now in the order ${is.join(", ")}` }];
}

function namesOfParams(spec: DagSpec): string[] {
  return paramsInOrder(spec).map(([name]) => name);
}

function taskChanges(before: TaskSpec, after: TaskSpec): { name: string; text: string }[] {
  const added = after.upstream.filter((id) => !before.upstream.includes(id));
  const removed = before.upstream.filter((id) => !after.upstream.includes(id));
  const order: string[] = [];
  if (added.length > 0) order.push(`now waits for ${added.join(", ")}`);
  if (removed.length > 0) order.push(`no longer waits for ${removed.join(", ")}`);
  return [...(order.length === 0 ? [] : [{ name: "", text: order.join(", ") }]), ...fieldChanges(before, after, ["taskId", "upstream"])];
}

function listChanges<T extends object>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  noun: string,
  compare: (a: T, b: T) => { name: string; text: string }[],
): SpecChange[] {
  const changes: SpecChange[] = [];
  for (const id of after.keys()) if (!before.has(id)) changes.push({ kind: "added", subject: `${noun} ${id}`, text: "" });
  for (const [id, was] of before) {
    const is = after.get(id);
    if (is === undefined) changes.push({ kind: "removed", subject: `${noun} ${id}`, text: "" });
    else {
      const told = compare(was, is).map(({ name, text }) => (name === "" ? text : `${name} ${text}`));
      if (told.length > 0) changes.push({ kind: "changed", subject: `${noun} ${id}`, text: told.join("; ") });
    }
  }
  return changes;
}

/** Members that differ, with what they were and are. */
function fieldChanges<T extends object>(before: T, after: T, left: readonly string[]): { name: string; text: string }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !left.includes(name));
  return names.flatMap((name) => {
    const [was, is] = [(before as Record<string, unknown>)[name], (after as Record<string, unknown>)[name]];
    if (same(was, is)) return [];
    return [{ name: wordsOf(name), text: `${shown(name, was)} → ${shown(name, is)}` }];
  });
}

const LONGEST = 60;

function shown(name: string, value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return "none";
  if (name.endsWith("Ms") && typeof value === "number") return formatDurationMs(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** `maxActiveRuns` as `max active runs`. */
function wordsOf(name: string): string {
  return name
    .replace(/Ms$/u, "")
    .replaceAll(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function namedParams({ params }: DagSpec): ReadonlyMap<string, object> {
  return new Map(Object.entries(params));
}

function byId<T>(items: readonly T[], key: keyof T): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [String(item[key]), item]));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
