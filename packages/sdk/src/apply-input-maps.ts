import { type InputMap, type Json, KWARGS_INPUT, TradewindError } from "@tradewind/core";
import type { AnyHandler, DagDefinition } from "./definition.ts";
import { show } from "./definition-error.ts";
import { classifyError, SkipTask } from "./errors.ts";

/** Stands where an item was dropped until all functions have run: until then the places of a list keep their numbers. */
const DROPPED: unique symbol = Symbol("dropped");

type Holder = Record<string | number, unknown>;

/** What a function said of an item: it stays, or it is to be left out for this reason. */
type Fate = { dropped: false } | { dropped: true; why: string };
const KEPT: Fate = { dropped: false };

/**
 * Sends parts of the inputs through functions of the author (`map()` of a reference), in the order given. What a function drops by a skip is left out of the innermost list that its path leads
 * through.
 * @throws SkipTask where there is no such list: then the instance is skipped
 * @throws TradewindError `task_not_found` for a function that the file does not have; `mapping_invalid`
 */
export async function applyInputMaps(
  definition: DagDefinition,
  inputs: Record<string, Json>,
  maps: readonly InputMap[],
): Promise<Record<string, unknown>> {
  const root: { inputs: Record<string, unknown> } = { inputs: structuredClone(inputs) };
  const shortened = new Set<unknown[]>();
  for (const map of maps) {
    const change = mapOf(definition, map.mapId);
    const fate = await visit(root, "inputs", map.path, { change, pick: map.pick ?? [], shortened });
    if (fate.dropped) throw new SkipTask(fate.why);
  }
  for (const list of shortened) list.splice(0, list.length, ...list.filter((item) => item !== DROPPED));
  return spreadKwargs(root.inputs, definition.dagId);
}

interface Task {
  change: AnyHandler;
  pick: readonly string[];
  shortened: Set<unknown[]>;
}

async function visit(holder: Holder, key: string | number, path: readonly string[], task: Task): Promise<Fate> {
  const value = holder[key];
  const [step, ...rest] = path;
  if (step === undefined) return changeAt(holder, key, task);
  if (typeof value !== "object" || value === null) return KEPT;
  if (Array.isArray(value) && step.startsWith("*")) {
    const places = step === "*" ? value.keys() : [Number(step.slice(1))];
    for (const place of places) {
      if (place >= value.length || value[place] === DROPPED) continue;
      const fate = await visit(value as unknown as Holder, place, rest, task);
      if (!fate.dropped) continue;
      value[place] = DROPPED;
      task.shortened.add(value);
    }
    return KEPT;
  }
  const member = value as Holder;
  return Object.hasOwn(member, step) && member[step] !== DROPPED ? visit(member, step, rest, task) : KEPT;
}

async function changeAt(holder: Holder, key: string | number, { change, pick }: Task): Promise<Fate> {
  try {
    const given = travelled(await change(holder[key] as never));
    holder[key] = pick.reduce((part: unknown, step) => memberOf(part, step), given);
    return KEPT;
  } catch (thrown) {
    const verdict = classifyError(thrown);
    if (verdict.kind === "skip") return { dropped: true, why: verdict.message };
    throw thrown;
  }
}

function memberOf(value: unknown, step: string): unknown {
  const found = typeof value === "object" && value !== null && Object.hasOwn(value, step) ? (value as Holder)[step] : undefined;
  if (found !== undefined) return found;
  throw new TradewindError("input_unavailable", `A function given to map() made ${show(value)}, which has no "${step}".`, { details: { step } });
}

/** With `expandKwargs` over a list that a function makes, the function makes all inputs at once. */
function spreadKwargs(inputs: Record<string, unknown>, dagId: string): Record<string, unknown> {
  if (!Object.hasOwn(inputs, KWARGS_INPUT)) return inputs;
  const { [KWARGS_INPUT]: kwargs, ...others } = inputs;
  if (typeof kwargs === "object" && kwargs !== null && !Array.isArray(kwargs)) return { ...others, ...kwargs };
  throw new TradewindError(
    "mapping_invalid",
    `A function given to map() in DAG "${dagId}" makes what expandKwargs() takes, and made ${show(kwargs)}. Give back an object of named inputs.`,
    { details: { dagId } },
  );
}

/** As everything that a task gets: JSON. */
function travelled(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? null : (JSON.parse(text) as unknown);
}

function mapOf({ dagId, maps }: DagDefinition, mapId: string): AnyHandler {
  const change = maps.get(mapId);
  if (change !== undefined) return change;
  throw new TradewindError(
    "task_not_found",
    `DAG "${dagId}" has no function "${mapId}" for map(). What a DAG file defines must not depend on the time or on chance when it is loaded.`,
    { details: { dagId, mapId } },
  );
}
