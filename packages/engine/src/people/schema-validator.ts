import { errorMessage, type Json, type SchemaValidator } from "@tradewind/core";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule, { type FormatsPlugin } from "ajv-formats";

/** The package is CommonJS: its default export arrives as a member of the module. */
const addFormats = addFormatsModule as unknown as FormatsPlugin;

/** How many things wrong with one value are told at most. */
const MAX_PROBLEMS = 5;

/**
 * Checks values by JSON schema, draft 2020-12, with formats. A schema is compiled once and kept as long as the schema itself is: the specs of DAG versions are cached, so a version's
 * params are compiled once per process.
 *
 * A schema that cannot be compiled fits nothing, and the problem says why: it came with a DAG file, and only runs of that DAG may suffer from it.
 */
export function createSchemaValidator(): SchemaValidator {
  // `addUsedSchema` off: two params may carry schemas with the same `$id`.
  const ajv = new Ajv2020({ strict: false, allErrors: true, addUsedSchema: false, logger: false, ownProperties: true });
  addFormats(ajv);
  const compiled = new WeakMap<object, ValidateFunction | string>();

  function compile(schema: { [key: string]: Json }): ValidateFunction | string {
    try {
      return ajv.compile(schema);
    } catch (error) {
      return `has a JSON schema that cannot be used (${errorMessage(error)}): correct it in the DAG file`;
    }
  }

  return (schema, value) => {
    let validate = compiled.get(schema);
    if (validate === undefined) compiled.set(schema, (validate = compile(schema)));
    if (typeof validate === "string") return [validate];
    if (validate(value)) return [];
    return describeErrors(validate.errors ?? [], value);
  };
}

function describeErrors(errors: readonly ErrorObject[], value: Json): string[] {
  const problems = [...new Set(errors.map((error) => `${placeOf(error)}${expectation(error)}`))];
  const shown = problems.slice(0, MAX_PROBLEMS);
  if (problems.length > shown.length) shown.push(`has ${problems.length - shown.length} more problems`);
  return shown.map((problem, index) => (index === shown.length - 1 ? `${problem}; found ${show(value)}` : problem));
}

function placeOf(error: ErrorObject): string {
  return error.instancePath === "" ? "" : `at ${error.instancePath} `;
}

/** "must be integer"; where the message leaves out what would be right, it is added. */
function expectation({ message = "does not fit its schema", keyword, params }: ErrorObject): string {
  if (keyword === "enum") return `must be one of ${show((params as { allowedValues: Json }).allowedValues)}`;
  if (keyword === "const") return `must be ${show((params as { allowedValue: Json }).allowedValue)}`;
  if (keyword === "additionalProperties") return `must not have the property ${show((params as { additionalProperty: string }).additionalProperty)}`;
  return message;
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
