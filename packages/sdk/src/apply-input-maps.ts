import { type Json, TradewindError } from "@tradewind/core";
import type { AnyHandler, DagDefinition } from "./definition.ts";
import { classifyError, SkipTask } from "./errors.ts";

/** A function of the author that a part of the inputs goes through; see `map()` of a reference. */
export interface InputMap {
  /** From the object of named inputs to that part; `"*"` is every member of a list. */
  path: readonly string[];
  mapId: string;
}

const DROPPED: unique symbol = Symbol("dropped");

/**
 * Sends parts of the inputs through functions of the author, in the order given. What a function drops by a skip is left out of the list around it.
 * @throws SkipTask where no list is around it: then the instance is skipped
 * @throws TradewindError `task_not_found` for a function that the file does not have
 */
export async function applyInputMaps(
  definition: DagDefinition,
  inputs: Record<string, Json>,
  maps: readonly InputMap[],
): Promise<Record<string, unknown>> {
  let changed: unknown = inputs;
  for (const { path, mapId } of maps) {
    const change = mapOf(definition, mapId);
    let why = "an item was dropped by map()";
    changed = await applyAt(changed, path, async (item) => {
      try {
        return travelled(await change(item as never));
      } catch (thrown) {
        const verdict = classifyError(thrown);
        if (verdict.kind !== "skip") throw thrown;
        why = verdict.message;
        return DROPPED;
      }
    });
    if (changed === DROPPED) throw new SkipTask(why);
  }
  return changed as Record<string, unknown>;
}

async function applyAt(value: unknown, path: readonly string[], change: (item: unknown) => Promise<unknown>): Promise<unknown> {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (step === "*") {
    const kept: unknown[] = [];
    for (const item of membersOf(value)) {
      const result = await applyAt(item, rest, change);
      if (result !== DROPPED) kept.push(result);
    }
    return kept;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return value;
  const result = await applyAt((value as Record<string, unknown>)[step], rest, change);
  if (result === DROPPED) return DROPPED;
  if (Array.isArray(value)) return value.with(Number(step), result);
  return { ...value, [step]: result };
}

/** An object gives its entries as pairs, in order of the keys. */
function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
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
