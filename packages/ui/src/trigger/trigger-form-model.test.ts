import { describe, expect, it } from "vitest";
import { checkValue } from "./check-value.ts";
import { bySection, type Json, type JsonSchema, readParamFields } from "./param-fields.ts";
import { fillIn, formOf, problemsByParam } from "./trigger-form-model.ts";

const field = (schema: JsonSchema, value: Json = null) => readParamFields({ p: { value, schema, description: null } })[0]!;

describe("readParamFields", () => {
  it.each<[JsonSchema, string, boolean]>([
    [{ type: "string" }, "text", false],
    [{ type: ["string", "null"], format: "date" }, "date", true],
    [{ anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] }, "integer", true],
    [{ type: "string", format: "multiline" }, "lines", false],
    [{ enum: ["a", "b", null] }, "choice", true],
    [{ const: 3 }, "const", false],
    [{ type: "array", items: { type: "string", enum: ["x"] } }, "choices", false],
    [{ type: "array", items: { type: "number" } }, "list", false],
    [{ type: "array", items: { type: "object" } }, "json", false],
    [{ type: "object" }, "json", false],
    [{}, "json", false],
    [{ type: ["string", "integer"] }, "json", false],
  ])("%j is edited as %s, nullable: %s", (schema, kind, isNullable) => {
    expect(field(schema)).toMatchObject({ kind, isNullable });
  });

  it.each<[Json, string]>([
    ["Rome", "text"],
    [2, "number"],
    [true, "boolean"],
    [["a", "b"], "list"],
    [[1, 2], "json"],
    [[], "json"],
    [{ a: 1 }, "json"],
    [null, "json"],
  ])("a param that is only the default %j is edited as %s", (value, kind) => expect(field({}, value).kind).toBe(kind));

  it("takes over limits of what may be null too, titles, sections and other names of choices", () => {
    expect(field({ anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] }).schema).toEqual({ type: "integer", minimum: 1 });
    expect(field({ type: "string", title: "T", section: "S", description_md: "*d*" })).toMatchObject({
      title: "T",
      section: "S",
      descriptionMd: "*d*",
    });
    expect(field({ enum: ["a", 2], values_display: { a: "First" } }).options).toEqual([
      { value: "a", label: "First" },
      { value: 2, label: "2" },
    ]);
  });

  it("must be given what has no default, unless null is right", () => {
    expect(
      [field({ type: "string" }), field({ type: ["string", "null"] }), field({}), field({ type: "string" }, "x")].map((one) => one.isRequired),
    ).toEqual([true, false, false, false]);
  });

  it("has sections in their order, what has none first", () => {
    const fields = readParamFields({
      a: { schema: { section: "S" } },
      b: { schema: {} },
      c: { schema: { section: "S" } },
      d: { schema: { section: "R" } },
    });
    expect(bySection(fields).map(({ section, fields: members }) => [section, members.map(({ name }) => name)])).toEqual([
      [null, ["b"]],
      ["S", ["a", "c"]],
      ["R", ["d"]],
    ]);
  });
});

describe("checkValue", () => {
  it.each<[JsonSchema, Json, string | undefined]>([
    [{ type: "integer" }, 1.5, "This must be a whole number."],
    [{ type: ["string", "integer"] }, true, "This must be a text or a whole number."],
    [{ type: "number", minimum: 2 }, 1, "This must be at least 2."],
    [{ type: "number", exclusiveMaximum: 2 }, 2, "This must be less than 2."],
    [{ type: "number", multipleOf: 0.05 }, 0.15, undefined],
    [{ type: "number", multipleOf: 0.05 }, 0.16, "This must be a multiple of 0.05."],
    [{ type: "string", minLength: 1 }, "", "This must have at least 1 character."],
    [{ type: "string", maxLength: 2 }, "😀😀😀", "This must have at most 2 characters; it has 3."],
    [{ type: "string", pattern: "^[A-Z]+$" }, "abc", "This must look like ^[A-Z]+$."],
    [{ type: "string", pattern: "(" }, "abc", undefined],
    [{ type: "string", format: "date" }, "2026-13-01", "This must be a date, such as 2026-11-21."],
    [{ type: "string", format: "email" }, "a@b.org", undefined],
    [{ type: "string", format: "hostname" }, "…", undefined],
    [{ enum: ["a", 1] }, "b", "Choose one of a, 1."],
    [{ const: "a" }, "b", "This can only be a."],
    [{ type: "array", minItems: 1 }, [], "At least 1 is needed."],
    [{ type: "array", uniqueItems: true }, ["a", "a"], "Each may be there only once."],
    [{ type: "array", items: { type: "integer" } }, [1, "x"], "Number 2: This must be a whole number."],
    [{ type: "object", required: ["a"] }, {}, "“a” is missing."],
    [{ type: "object", properties: { a: { type: "integer" } } }, { a: "x" }, "“a”: This must be a whole number."],
    [{ type: "object", properties: {}, additionalProperties: false }, { b: 1 }, "“b” is not known."],
    [{ anyOf: [{ type: "integer" }, { type: "boolean" }] }, true, undefined],
    [{ anyOf: [{ type: "integer" }, { type: "boolean" }] }, "x", "This must be a whole number."],
  ])("%j: %j", (schema, value, problem) => {
    expect(checkValue(schema, value)).toBe(problem);
  });
});

describe("a form", () => {
  const fields = readParamFields({
    country: { value: "ES", schema: { type: "string", enum: ["ES", "FR"] } },
    year: { value: 2026, schema: { type: "integer", minimum: 2000 } },
    until: { value: null, schema: { type: ["string", "null"], format: "date-time" } },
    table: { value: null, schema: { type: "string" } },
    tags: { value: ["a"], schema: { type: "array", items: { type: "string" } } },
    sizes: { value: [1], schema: { type: "array", items: { type: "integer" } } },
    more: { value: { depth: 2 }, schema: { type: "object" } },
    on: { value: true, schema: { type: "boolean" } },
    text: { value: "", schema: { type: "string" } },
  });
  const zone = "Europe/Madrid";

  it("gives back the conf that it was made of, with the defaults of the rest and what is no param", () => {
    const conf = { country: "FR", until: "2026-07-01T06:00:00Z", table: "t", other: [1] };
    expect(fillIn(fields, formOf(fields, conf, zone), zone)).toEqual({
      conf: { ...conf, year: 2026, tags: ["a"], sizes: [1], more: { depth: 2 }, on: true, text: "" },
      problems: {},
    });
  });

  it("shows instants on the wall clock of the zone", () => {
    expect(formOf(fields, { until: "2026-07-01T06:00:00Z" }, zone).drafts["until"]).toBe("2026-07-01T08:00:00");
  });

  it("says what is wrong with each param", () => {
    const { drafts, extra } = formOf(fields, { year: 1999, more: {} }, zone);
    const changed = { extra, drafts: { ...drafts, more: "{", sizes: ["1", "x"], until: "soon" } };
    expect(fillIn(fields, changed, zone).problems).toMatchObject({
      year: "This must be at least 2000.",
      table: "This must be given.",
      sizes: "“x” is no number.",
      until: "This is no date and time.",
    });
    expect(fillIn(fields, changed, zone).problems["more"]).toContain("This is no JSON");
  });

  it("does not take a number that was deleted for null", () => {
    const { drafts, extra } = formOf(fields, { table: "t" }, zone);
    expect(fillIn(fields, { extra, drafts: { ...drafts, year: "" } }, zone).problems).toEqual({ year: "This must be given." });
  });

  it("places what the server says at its param", () => {
    expect(problemsByParam(fields, ['"year" must be >= 2000; found 1', '"gone" is odd', "no object"])).toEqual({
      byParam: { year: "must be >= 2000; found 1" },
      others: ['"gone" is odd', "no object"],
    });
  });
});
