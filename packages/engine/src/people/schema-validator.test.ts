import { resolveParams } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { createSchemaValidator } from "./schema-validator.ts";

describe("createSchemaValidator", () => {
  const validate = createSchemaValidator();

  it.each([
    [{}, { any: ["thing"] }, []],
    [{ type: "integer", minimum: 1 }, 3, []],
    [{ type: "integer", minimum: 1 }, 0, ["must be >= 1; found 0"]],
    [{ type: "integer" }, "3", ['must be integer; found "3"']],
    [{ enum: ["a", "b"] }, "c", ['must be one of ["a","b"]; found "c"']],
    [{ const: 1 }, 2, ["must be 1; found 2"]],
    [{ type: "string", format: "date" }, "2026-02-30", ['must match format "date"; found "2026-02-30"']],
    [{ type: "string", format: "date-time" }, "2026-02-03T00:00:00Z", []],
    // Draft 2020-12: prefixItems.
    [{ type: "array", prefixItems: [{ type: "string" }], items: false }, ["a", 1], ['must NOT have more than 1 items; found ["a",1]']],
    [
      { type: "object", properties: { day: { type: "string" } }, additionalProperties: false },
      { day: 1, night: 2 },
      ['must not have the property "night"', 'at /day must be string; found {"day":1,"night":2}'],
    ],
  ])("%j and %j", (schema, value, problems) => {
    expect(validate(schema, value)).toEqual(problems);
  });

  it("finds nothing that fits a schema which cannot be used, and says why", () => {
    expect(validate({ type: "strnig" }, "a")).toEqual([
      expect.stringMatching(/^has a JSON schema that cannot be used \(.*type.*\): correct it in the DAG file$/),
    ]);
    expect(validate({ $ref: "https://example.org/elsewhere.json" }, "a")).toEqual([
      expect.stringMatching(/cannot be used \(can't resolve reference/),
    ]);
  });

  it("takes two schemas with one $id", () => {
    expect(validate({ $id: "day", type: "string" }, "a")).toEqual([]);
    expect(validate({ $id: "day", type: "integer" }, 1)).toEqual([]);
  });

  it("does not tell more than five problems of a value", () => {
    const schema = { type: "array", items: { type: "string" } };
    expect(validate(schema, [1, 2, 3, 4, 5, 6, 7])).toHaveLength(6);
    expect(validate(schema, [1, 2, 3, 4, 5, 6, 7]).at(-1)).toMatch(/^has 2 more problems/);
  });

  it("says which param, what was expected and what was found", () => {
    const params = { day: { schema: { type: "string" }, description: null }, size: { schema: { type: "integer" }, default: 1, description: null } };
    expect(() => resolveParams({ dagId: "d", params, conf: { size: "big" }, validate })).toThrow(
      'The params for a run of DAG "d" are not acceptable: "day" has no default and must be given; "size" must be integer; found "big".',
    );
  });
});
