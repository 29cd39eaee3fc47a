import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertJson, canonicalJson } from "./canonical-json.ts";
import { hasErrorCode } from "./errors.ts";

function messageOf(value: unknown): string {
  try {
    canonicalJson(value);
  } catch (error) {
    if (!hasErrorCode(error, "not_json")) throw error;
    return error.message;
  }
  throw new Error("was accepted");
}

describe("canonicalJson", () => {
  it("sorts keys at every level and keeps lists in order", () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }, true], a: "é\n" })).toBe('{"a":"é\\n","b":[{"a":null,"z":1},true]}');
  });

  it("writes negative zero as zero", () => {
    expect(canonicalJson([-0])).toBe("[0]");
  });

  it("keeps a key named __proto__", () => {
    expect(canonicalJson(JSON.parse('{"__proto__":1,"a":2}'))).toBe('{"__proto__":1,"a":2}');
  });

  it.each([
    [undefined, "(root) is undefined"],
    [{ a: { b: undefined } }, "a.b is undefined"],
    [{ "a b": [1, () => 1] }, '["a b"][1] is a function'],
    [[Number.NaN], "[0] is NaN"],
    [{ at: new Date(0) }, "at is a Date"],
    [{ m: new Map() }, "m is a Map"],
    [10n, "(root) is a bigint"],
    [Symbol("s"), "(root) is a symbol"],
    [new Array(2), "[0] is undefined"],
  ])("refuses %o with its place", (value, message) => {
    expect(messageOf(value)).toContain(message);
  });

  it("refuses what contains itself", () => {
    const loop: Record<string, unknown> = {};
    loop.self = { loop };
    expect(messageOf({ a: loop })).toContain("a.self.loop.self.loop is nested more than 500 levels deep (or contains itself)");
  });

  it("accepts plain objects without a prototype", () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  });

  it("is the same for equal values, and parses back to the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

it("assertJson accepts exactly what canonicalJson accepts", () => {
  expect(() => assertJson({ a: [1] })).not.toThrow();
  expect(() => assertJson({ a: [undefined] })).toThrow("a[0] is undefined");
});

/** The same value with the keys of every object set in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
