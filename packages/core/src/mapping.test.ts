import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InputSpec, Json, MappingSpec } from "./dag-spec.ts";
import { checkMapLength, mapLengths, mappedMembers, mapPositions, measureMapping, staticExpansionLength } from "./mapping.ts";
import type { ResolveContext } from "./resolve-input.ts";

type Expand = Extract<MappingSpec, { kind: "expand" }>;

function mapping(inputs: Record<string, InputSpec>): Expand {
  return { kind: "expand", order: Object.keys(inputs), inputs };
}

const value = (json: Json): InputSpec => ({ kind: "value", value: json });
const xcom: InputSpec = { kind: "xcom", taskId: "up", key: "return_value", path: [] };

/** What the task "up" left behind. */
function contextOf(result: Json): ResolveContext {
  return { taskId: "load", name: "", lookup: () => result, groupInput: () => ({ value: null, maps: [] }), iteration: () => null };
}

function expand(values: Record<string, Json>): Record<string, Json>[] {
  const spec = mapping(Object.fromEntries(Object.entries(values).map(([name, json]) => [name, value(json)])));
  const context = contextOf([]);
  return Array.from({ length: measureMapping(spec, context) }, (_, mapIndex) =>
    Object.fromEntries(mappedMembers(spec, context, mapIndex).map((member) => [member.name, member.value])),
  );
}

describe("expansion", () => {
  it("is the cross product, the last name fastest", () => {
    expect(expand({ b: [1, 2], a: ["x", "y", "z"] })).toEqual([
      { b: 1, a: "x" },
      { b: 1, a: "y" },
      { b: 1, a: "z" },
      { b: 2, a: "x" },
      { b: 2, a: "y" },
      { b: 2, a: "z" },
    ]);
  });

  it("gives an object as pairs of key and value, in order of the keys", () => {
    expect(expand({ pair: { b: 2, a: 1 } })).toEqual([{ pair: ["a", 1] }, { pair: ["b", 2] }]);
  });

  it("is empty when any input is: the task is skipped", () => {
    expect(expand({ a: [1, 2], b: [] })).toEqual([]);
    expect(expand({ a: {} })).toEqual([]);
  });

  it("does as nested loops in the order of the names", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer(), { maxLength: 4 }), { minLength: 1, maxLength: 4 }), (lists) => {
        let loops: Record<string, Json>[] = [{}];
        for (const [index, list] of lists.entries()) loops = loops.flatMap((outer) => list.map((item) => ({ ...outer, [`n${index}`]: item })));
        expect(expand(Object.fromEntries(lists.map((list, index) => [`n${index}`, list])))).toEqual(loops);
      }),
    );
  });

  it("follows the order given, not that of the keys of the object", () => {
    const spec: Expand = { kind: "expand", order: ["z", "a"], inputs: { a: xcom, z: xcom } };
    expect(mapPositions(spec, { a: 2, z: 2 }, 1)).toEqual({ z: 0, a: 1 });
  });

  it.each([-1, 4, 0.5])("has no map index %d of 4", (mapIndex) => {
    expect(() => mapPositions(mapping({ a: xcom }), { a: 4 }, mapIndex)).toThrow(`Map index ${mapIndex} is not one of the 4`);
  });
});

describe("lengths", () => {
  it("are known at load time when no input comes from a task", () => {
    expect(staticExpansionLength(mapping({ a: value([1, 2, 3]), b: value({ x: 1, y: 2 }) }))).toBe(6);
    expect(staticExpansionLength(mapping({ a: { kind: "list", items: [xcom, xcom] }, b: { kind: "object", entries: { x: xcom } } }))).toBe(2);
    expect(staticExpansionLength(mapping({ a: value([]) }))).toBe(0);
    expect(staticExpansionLength(mapping({ a: value([1]), b: xcom }))).toBeNull();
    expect(staticExpansionLength(mapping({ a: value([]), b: xcom }))).toBeNull();
  });

  it.each<[Json | undefined, string]>([
    [7, "found 7."],
    ["abc", 'found "abc".'],
    [null, "found null."],
    [undefined, "found nothing."],
  ])("%o cannot be mapped over", (found, message) => {
    const values = { a: found } as Record<string, Json>;
    expect(() => mapLengths(mapping({ a: xcom }), values, { taskId: "load" })).toThrow(
      `Task "load" is to be mapped over its input "a", which must be a list or an object; ${message}`,
    );
  });

  it("of a list at most max_map_length, 1024 by default", () => {
    const list = (length: number): Record<string, Json> => ({ a: Array.from({ length }, () => 0) });
    expect(mapLengths(mapping({ a: xcom }), list(1024), { taskId: "load" })).toEqual({ a: 1024 });
    expect(() => mapLengths(mapping({ a: xcom }), list(1025), { taskId: "load" })).toThrow(
      'Task "load" would be mapped over 1025 members of its input "a", more than the 1024 allowed.',
    );
    expect(() => checkMapLength(3, { taskId: "load", name: "a", maxMapLength: 2 })).toThrow("more than the 2 allowed");
  });
});
