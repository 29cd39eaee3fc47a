import type { InputSpec, Json, MappingSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { showValue } from "./show-value.ts";

/** The map index of a task that is not mapped, and of a mapped one that is not expanded yet. */
export const UNMAPPED = -1;

/** Airflow's `[core] max_map_length`. */
export const DEFAULT_MAX_MAP_LENGTH = 1024;

/** How many instances a value gives: the items of a list or the entries of an object; null when it is neither. */
export function mapLength(value: Json | undefined): number | null {
  if (typeof value !== "object" || value === null) return null;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** The length of an input as far as the DAG file tells: null when it depends on a result. */
export function staticMapLength(input: InputSpec): number | null {
  switch (input.kind) {
    case "value":
      return mapLength(input.value);
    case "list":
      return input.items.length;
    case "object":
      return Object.keys(input.entries).length;
    case "xcom":
      return null;
  }
}

/** The number of instances when the DAG file alone tells it, so that the run is created with all of them; else null. */
export function staticExpansionLength(mapping: MappingSpec): number | null {
  const lengths: Record<string, number> = {};
  for (const name of mapping.order) {
    const length = staticMapLength(mapping.inputs[name]!);
    if (length === null) return null;
    lengths[name] = length;
  }
  return expansionLength(mapping, lengths);
}

/** How many instances a mapped task has: the product of the lengths of its inputs. Zero: the task is skipped. */
export function expansionLength(mapping: MappingSpec, lengths: Readonly<Record<string, number>>): number {
  return mapping.order.reduce((product, name) => product * lengthOf(lengths, name), 1);
}

/**
 * Lengths of the inputs from their values.
 * @throws TradewindError `mapping_invalid` when a value is neither a list nor an object; `mapping_too_long` when one has more than `maxMapLength` members.
 */
export function mapLengths(
  mapping: MappingSpec,
  values: Readonly<Record<string, Json>>,
  { taskId, maxMapLength = DEFAULT_MAX_MAP_LENGTH }: { taskId: string; maxMapLength?: number },
): Record<string, number> {
  const lengths = mapping.order.map((name): [string, number] => {
    const length = mapLength(values[name]);
    if (length === null) throw notMappable(taskId, name, values[name]);
    checkMapLength(length, { taskId, name, maxMapLength });
    return [name, length];
  });
  return Object.fromEntries(lengths);
}

/** @throws TradewindError `mapping_too_long` */
export function checkMapLength(length: number, { taskId, name, maxMapLength }: { taskId: string; name: string; maxMapLength: number }): void {
  if (length <= maxMapLength) return;
  throw new TradewindError(
    "mapping_too_long",
    `Task "${taskId}" would be mapped over ${length} members of its input "${name}", more than the ${maxMapLength} allowed. Give it less, or raise max_map_length.`,
    { details: { taskId, name, length, maxMapLength } },
  );
}

/** Which member of each input an instance takes: the cross product with the last name fastest, as nested loops in the order of the names. */
export function mapPositions(mapping: MappingSpec, lengths: Readonly<Record<string, number>>, mapIndex: number): Record<string, number> {
  const total = expansionLength(mapping, lengths);
  if (!Number.isInteger(mapIndex) || mapIndex < 0 || mapIndex >= total) {
    throw new TradewindError("internal", `Map index ${mapIndex} is not one of the ${total} of this expansion.`, { details: { mapIndex, total } });
  }
  const positions: [string, number][] = [];
  let rest = mapIndex;
  for (const name of mapping.order.toReversed()) {
    const length = lengthOf(lengths, name);
    positions.push([name, rest % length]);
    rest = Math.floor(rest / length);
  }
  return Object.fromEntries(positions.reverse());
}

/**
 * The mapped inputs of one instance, from the whole values. A list gives its item, an object a pair `[key, value]`. Entries come in order of their keys:
 * stored objects have no other.
 */
export function mappedInputs(mapping: MappingSpec, values: Readonly<Record<string, Json>>, mapIndex: number, taskId: string): Record<string, Json> {
  const lengths = mapLengths(mapping, values, { taskId, maxMapLength: Number.POSITIVE_INFINITY });
  const positions = mapPositions(mapping, lengths, mapIndex);
  return Object.fromEntries(mapping.order.map((name) => [name, memberAt(values[name]!, positions[name]!)]));
}

function memberAt(value: Json, position: number): Json {
  if (Array.isArray(value)) return value[position]!;
  const object = value as { [key: string]: Json };
  const key = Object.keys(object).sort()[position]!;
  return [key, object[key]!];
}

function lengthOf(lengths: Readonly<Record<string, number>>, name: string): number {
  const length = lengths[name];
  if (length !== undefined) return length;
  throw new TradewindError("internal", `The length of the mapped input "${name}" is not given.`, { details: { name } });
}

function notMappable(taskId: string, name: string, value: Json | undefined): TradewindError {
  return new TradewindError(
    "mapping_invalid",
    `Task "${taskId}" is to be mapped over its input "${name}", which must be a list or an object; found ${showValue(value, 80)}.`,
    {
      details: { taskId, name },
    },
  );
}
