import type { InputSpec, Json, MappingSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { type InputMap, mapsOfMember, resolveInput, type ResolveContext, toList } from "./resolve-input.ts";
import { showValue } from "./show-value.ts";

/** A cross product over named inputs. */
type Expand = Extract<MappingSpec, { kind: "expand" }>;

/** Where the inputs of an instance of `expand_kwargs` are put when a function of the author makes them: whoever applies it spreads the object found here. */
export const KWARGS_INPUT = "*kwargs";

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
    case "zip":
      return zipLength(input);
    case "concat": {
      const lengths = input.items.map(staticMapLength);
      return lengths.includes(null) ? null : lengths.reduce<number>((sum, length) => sum + length!, 0);
    }
    case "map":
      return staticMapLength(input.input);
    case "xcom":
    case "group_input":
    case "loop_index":
    case "loop_previous":
      return null;
  }
}

function zipLength(input: Extract<InputSpec, { kind: "zip" }>): number | null {
  const lengths = input.items.map(staticMapLength);
  if (lengths.includes(null)) return null;
  return lengths.length === 0 ? 0 : (Object.hasOwn(input, "fill") ? Math.max : Math.min)(...(lengths as number[]));
}

/** The inputs by which a mapping multiplies. */
export function mappingInputs(mapping: MappingSpec | null): InputSpec[] {
  if (mapping === null) return [];
  return mapping.kind === "expand" ? Object.values(mapping.inputs) : [mapping.input];
}

/** The number of instances when the DAG file alone tells it, so that the run is created with all of them; else null. */
export function staticExpansionLength(mapping: MappingSpec): number | null {
  if (mapping.kind === "expand_kwargs") return staticMapLength(mapping.input);
  const lengths: Record<string, number> = {};
  for (const name of mapping.order) {
    const length = staticMapLength(mapping.inputs[name]!);
    if (length === null) return null;
    lengths[name] = length;
  }
  return expansionLength(mapping, lengths);
}

/** How many instances a mapped task has: the product of the lengths of its inputs. Zero: the task is skipped. */
export function expansionLength(mapping: Expand, lengths: Readonly<Record<string, number>>): number {
  return mapping.order.reduce((product, name) => product * lengthOf(lengths, name), 1);
}

/**
 * Lengths of the inputs from their values.
 * @throws TradewindError `mapping_invalid` when a value is neither a list nor an object; `mapping_too_long` when one has more than `maxMapLength` members.
 */
export function mapLengths(
  mapping: Expand,
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
export function mapPositions(mapping: Expand, lengths: Readonly<Record<string, number>>, mapIndex: number): Record<string, number> {
  const total = expansionLength(mapping, lengths);
  if (!Number.isInteger(mapIndex) || mapIndex < 0 || mapIndex >= total) throw outOfRange(mapIndex, total);
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
 * How many instances a mapping gives now.
 * @throws TradewindError `mapping_invalid`, `mapping_too_long`, `input_unavailable`
 */
export function measureMapping(mapping: MappingSpec, context: ResolveContext, maxMapLength: number = DEFAULT_MAX_MAP_LENGTH): number {
  const { taskId } = context;
  const known = staticExpansionLength(mapping);
  const length = known ?? (mapping.kind === "expand" ? expandLength(mapping, context, maxMapLength) : kwargsList(mapping, context).list.length);
  if (length <= maxMapLength) return length;
  throw new TradewindError(
    "mapping_too_long",
    `Task "${taskId}" would have ${length} instances, more than the ${maxMapLength} allowed. Map over less, or raise max_map_length.`,
    { details: { taskId, length, maxMapLength } },
  );
}

function expandLength(mapping: Expand, context: ResolveContext, maxMapLength: number): number {
  const values = Object.fromEntries(mapping.order.map((name) => [name, resolveInput(mapping.inputs[name]!, { ...context, name }).value]));
  return expansionLength(mapping, mapLengths(mapping, values, { taskId: context.taskId, maxMapLength }));
}

/** What one instance gets of a mapping, by name. */
export interface MappedMember {
  name: string;
  value: Json;
  /** Functions that it has yet to go through; their paths begin at the value. */
  maps: InputMap[];
}

/**
 * The mapped inputs of one instance. Of `expand`, a list gives its item, an object a pair `[key, value]`, in order of the keys: stored objects have no other. Of `expand_kwargs`, the
 * entries of the object at that place; where a function of the author makes that object, it is under `KWARGS_INPUT`.
 * @throws TradewindError `mapping_invalid`, `input_unavailable`
 */
export function mappedMembers(mapping: MappingSpec, context: ResolveContext, mapIndex: number): MappedMember[] {
  if (mapping.kind === "expand_kwargs") return kwargsMembers(mapping, context, mapIndex);
  const resolved = Object.fromEntries(mapping.order.map((name) => [name, resolveInput(mapping.inputs[name]!, { ...context, name })]));
  const values = Object.fromEntries(mapping.order.map((name) => [name, resolved[name]!.value]));
  const lengths = mapLengths(mapping, values, { taskId: context.taskId, maxMapLength: Number.POSITIVE_INFINITY });
  const positions = mapPositions(mapping, lengths, mapIndex);
  return mapping.order.map((name) => {
    const { value, maps } = resolved[name]!;
    const position = positions[name]!;
    const list = toList(value, { ...context, name }, "expand()");
    return { name, value: list[position]!, maps: mapsOfMember(Array.isArray(value) ? maps : mapsOfPair(maps, list[position]!), position) };
  });
}

/** Functions that apply to an entry of an object apply to the second of its pair. */
function mapsOfPair(maps: readonly InputMap[], pair: Json): InputMap[] {
  const key = (pair as Json[])[0];
  return maps.flatMap(({ path: [step, ...path], ...map }) => (step === key ? [{ ...map, path: ["*", "1", ...path] }] : []));
}

function kwargsList(mapping: Extract<MappingSpec, { kind: "expand_kwargs" }>, context: ResolveContext): { list: Json[]; maps: InputMap[] } {
  const { value, maps } = resolveInput(mapping.input, { ...context, name: "expand_kwargs" });
  if (!Array.isArray(value)) throw notMappable(context.taskId, "expand_kwargs", value, "a list of objects");
  return { list: value, maps };
}

function kwargsMembers(mapping: Extract<MappingSpec, { kind: "expand_kwargs" }>, context: ResolveContext, mapIndex: number): MappedMember[] {
  const { list, maps } = kwargsList(mapping, context);
  if (mapIndex >= list.length) throw outOfRange(mapIndex, list.length);
  const value = list[mapIndex]!;
  const own = mapsOfMember(maps, mapIndex);
  if (own.some((map) => map.path.length === 0)) return [{ name: KWARGS_INPUT, value, maps: own }];
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw notMappable(context.taskId, "expand_kwargs", value, `an object at ${mapIndex}`);
  return Object.entries(value).map(([name, member]) => ({
    name,
    value: member,
    maps: own.flatMap(({ path: [step, ...path], ...map }) => (step === name ? [{ ...map, path }] : [])),
  }));
}

function lengthOf(lengths: Readonly<Record<string, number>>, name: string): number {
  const length = lengths[name];
  if (length !== undefined) return length;
  throw new TradewindError("internal", `The length of the mapped input "${name}" is not given.`, { details: { name } });
}

function outOfRange(mapIndex: number, total: number): TradewindError {
  return new TradewindError("internal", `Map index ${mapIndex} is not one of the ${total} of this expansion.`, { details: { mapIndex, total } });
}

function notMappable(taskId: string, name: string, value: Json | undefined, expected = "a list or an object"): TradewindError {
  return new TradewindError(
    "mapping_invalid",
    `Task "${taskId}" is to be mapped over its input "${name}", which must be ${expected}; found ${showValue(value, 80)}.`,
    {
      details: { taskId, name },
    },
  );
}
