import { type Json, type JsonSchema, labelOf } from "./param-fields.ts";

/**
 * What is wrong with a value, in words for whom types it; undefined: nothing that can be seen here. The server checks by the whole JSON schema and has the last word, so keywords that
 * are not known here pass.
 */
export function checkValue(schema: JsonSchema, value: Json): string | undefined {
  const { enum: options, const: only } = schema;
  if (only !== undefined && !isSame(only, value)) return `This can only be ${labelOf(only)}.`;
  if (Array.isArray(options) && !options.some((option) => isSame(option, value))) return `Choose one of ${options.map(labelOf).join(", ")}.`;
  const wrongType = checkType(schema["type"], value);
  if (wrongType !== undefined) return wrongType;
  const problem =
    typeof value === "number"
      ? checkNumber(schema, value)
      : typeof value === "string"
        ? checkText(schema, value)
        : Array.isArray(value)
          ? checkArray(schema, value)
          : value !== null && typeof value === "object"
            ? checkObject(schema, value)
            : undefined;
  return problem ?? checkVariants(schema, value);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "nothing",
};

function checkType(type: Json | undefined, value: Json): string | undefined {
  const types = typeof type === "string" ? [type] : Array.isArray(type) ? type.map(String) : [];
  if (types.length === 0 || types.some((one) => isOfType(one, value))) return undefined;
  return `This must be ${types.map((one) => TYPE_WORDS[one] ?? one).join(" or ")}.`;
}

function isOfType(type: string, value: Json): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function checkNumber(schema: JsonSchema, value: number): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === "number" && value < minimum) return `This must be at least ${minimum}.`;
  if (typeof maximum === "number" && value > maximum) return `This must be at most ${maximum}.`;
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) return `This must be more than ${exclusiveMinimum}.`;
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) return `This must be less than ${exclusiveMaximum}.`;
  if (typeof multipleOf === "number" && multipleOf > 0) {
    const steps = value / multipleOf;
    if (Math.abs(steps - Math.round(steps)) > 1e-9) return `This must be a multiple of ${multipleOf}.`;
  }
  return undefined;
}

function checkText(schema: JsonSchema, value: string): string | undefined {
  const { minLength, maxLength, pattern, format } = schema;
  const length = [...value].length;
  if (typeof minLength === "number" && length < minLength) return `This must have at least ${characters(minLength)}.`;
  if (typeof maxLength === "number" && length > maxLength) return `This must have at most ${characters(maxLength)}; it has ${length}.`;
  if (typeof pattern === "string" && !matches(pattern, value)) return `This must look like ${pattern}.`;
  return typeof format === "string" ? checkFormat(format, value) : undefined;
}

function characters(count: number): string {
  return `${count} character${count === 1 ? "" : "s"}`;
}

/** A pattern that is none here is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

const FORMATS: Readonly<Record<string, readonly [pattern: RegExp, words: string]>> = {
  date: [/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, "a date, such as 2026-11-21"],
  "date-time": [
    /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i,
    "a date and time with a zone, such as 2026-11-21T08:00:00Z",
  ],
  time: [/^\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i, "a time, such as 08:30:00"],
  email: [/^[^\s@]+@[^\s@]+$/, "a mail address"],
  uri: [/^[a-z][a-z0-9+.-]*:\S+$/i, "an address, such as https://example.org"],
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "a UUID"],
};

function checkFormat(format: string, value: string): string | undefined {
  const known = FORMATS[format];
  return known === undefined || known[0].test(value) ? undefined : `This must be ${known[1]}.`;
}

function checkArray(schema: JsonSchema, value: readonly Json[]): string | undefined {
  const { minItems, maxItems, uniqueItems, items } = schema;
  if (typeof minItems === "number" && value.length < minItems) return `At least ${minItems} ${minItems === 1 ? "is" : "are"} needed.`;
  if (typeof maxItems === "number" && value.length > maxItems)
    return `At most ${maxItems} ${maxItems === 1 ? "is" : "are"} possible; there are ${value.length}.`;
  if (uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length) return "Each may be there only once.";
  if (typeof items !== "object" || items === null || Array.isArray(items)) return undefined;
  for (const [index, item] of value.entries()) {
    const problem = checkValue(items, item);
    if (problem !== undefined) return `Number ${index + 1}: ${problem}`;
  }
  return undefined;
}

function checkObject(schema: JsonSchema, value: Readonly<Record<string, Json>>): string | undefined {
  const { required, properties, additionalProperties } = schema;
  const missing = Array.isArray(required) ? required.filter((name): name is string => typeof name === "string" && value[name] === undefined) : [];
  if (missing.length > 0) return `${missing.map((name) => `“${name}”`).join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`;
  const known = (typeof properties === "object" && properties !== null && !Array.isArray(properties) ? properties : {}) as Record<string, JsonSchema>;
  for (const [name, member] of Object.entries(value)) {
    const own = known[name];
    if (own === undefined && additionalProperties === false) return `“${name}” is not known.`;
    const problem = own === undefined ? undefined : checkValue(own, member);
    if (problem !== undefined) return `“${name}”: ${problem}`;
  }
  return undefined;
}

function checkVariants(schema: JsonSchema, value: Json): string | undefined {
  const variants = schema["anyOf"] ?? schema["oneOf"];
  if (!Array.isArray(variants) || variants.length === 0) return undefined;
  const problems = variants.map((variant) => checkValue(variant as JsonSchema, value));
  return problems.includes(undefined) ? undefined : problems[0];
}

function isSame(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
