import { type Json, type ParamSpec, assertJson, errorMessage } from "@tradewind/core";
import { definitionError, show } from "./definition-error.ts";
import { schemaValidator } from "./schema-validator.ts";

/** A JSON schema (draft 2020-12) with an optional `default`; without one the param must be given when the DAG is triggered. */
export interface ParamSchema {
  readonly type?: JsonType | readonly JsonType[];
  readonly default?: unknown;
  readonly description?: string;
  readonly title?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly [keyword: string]: unknown;
}

type JsonType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null";

/** A schema of a library that speaks Standard JSON Schema: zod from 4.2, and others. */
export interface SchemaObject<Output = unknown> {
  readonly "~standard": {
    readonly version: number;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** How one param may be written: a JSON schema, a zod schema, or just its default value. */
export type ParamDefinition = ParamSchema | SchemaObject | string | number | boolean | null | readonly unknown[];

export type ParamDefinitions = { readonly [name: string]: ParamDefinition };

/** The types of a DAG's params in `getContext<typeof dag>().params`. */
export type ParamsOf<P extends ParamDefinitions> = { [Name in keyof P]: ParamValue<P[Name]> };

type ParamValue<D> = D extends { readonly "~standard": { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer Output }
    ? Output
    : unknown
  : D extends { readonly enum: readonly (infer Member)[] }
    ? Member
    : D extends { readonly const: infer Constant }
      ? Constant
      : D extends { readonly type: infer Type }
        ? ValueOfType<Type extends readonly (infer Member)[] ? Member : Type>
        : D extends object
          ? unknown
          : Widened<D>;

type ValueOfType<T> = T extends "string"
  ? string
  : T extends "number" | "integer"
    ? number
    : T extends "boolean"
      ? boolean
      : T extends "null"
        ? null
        : T extends "array"
          ? Json[]
          : T extends "object"
            ? { [key: string]: Json }
            : unknown;

type Widened<D> = D extends string ? string : D extends number ? number : D extends boolean ? boolean : unknown;

const SCHEMA_KEYWORDS = ["type", "default", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

export function readParams(dagId: string, definitions: ParamDefinitions | undefined): Record<string, ParamSpec> {
  const params: Record<string, ParamSpec> = {};
  for (const [name, definition] of Object.entries(definitions ?? {})) params[name] = readParam(dagId, name, definition);
  return params;
}

function readParam(dagId: string, name: string, definition: ParamDefinition): ParamSpec {
  const schema = schemaOf(dagId, name, definition);
  try {
    assertJson(schema);
  } catch (cause) {
    throw definitionError(`Param "${name}" of DAG "${dagId}" is not JSON: ${errorMessage(cause)}`, { dagId, cause });
  }
  const { description, default: fallback, ...rules } = schema as { [key: string]: Json };
  const spec: ParamSpec = { schema: rules, description: typeof description === "string" ? description : null };
  if (fallback !== undefined) spec.default = fallback;
  return spec;
}

function schemaOf(dagId: string, name: string, definition: ParamDefinition): object {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) return { default: definition };
  if ("~standard" in definition) return schemaOfLibrary(dagId, name, definition as SchemaObject);
  if (!SCHEMA_KEYWORDS.some((keyword) => Object.hasOwn(definition, keyword))) {
    throw definitionError(
      `Param "${name}" of DAG "${dagId}" is ${show(definition)}, which is not a JSON schema. For an object as default write { type: "object", default: {...} }.`,
      { dagId },
    );
  }
  return Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined));
}

/** The schema's own library makes the JSON schema, so none has to be loaded here. */
function schemaOfLibrary(dagId: string, name: string, definition: SchemaObject): object {
  const { jsonSchema, vendor } = definition["~standard"] as SchemaObject["~standard"] & {
    jsonSchema?: { output(options: { target: string }): object };
  };
  if (typeof jsonSchema?.output !== "function") {
    throw definitionError(
      `Param "${name}" of DAG "${dagId}" is a schema of "${vendor}" that can't be turned into a JSON schema. With zod, use version 4.2 or newer; else write the JSON schema.`,
      { dagId },
    );
  }
  try {
    const { $schema: _, ...schema } = jsonSchema.output({ target: "draft-2020-12" }) as Record<string, unknown>;
    return schema;
  } catch (cause) {
    throw definitionError(
      `Param "${name}" of DAG "${dagId}" is a schema of "${vendor}" that has no JSON schema: ${errorMessage(cause)}. Transforms and custom checks can't be used in params; do them in a task.`,
      { dagId, cause },
    );
  }
}

/**
 * Of a DAG with a schedule every param must have a default, and one that fits: nobody is there to give another. Airflow's rule of the same words.
 * @throws TradewindError `invalid_dag`
 */
export function checkDefaults(dagId: string, params: Readonly<Record<string, ParamSpec>>): void {
  for (const [name, { default: value, schema }] of Object.entries(params)) {
    const wrong = (problem: string) => definitionError(`Param "${name}" of DAG "${dagId}" ${problem}`, { dagId });
    if (value === undefined)
      throw wrong(
        "has no default, and the DAG has a schedule: nobody could give a value. Give it a default, or leave the schedule out and trigger runs with a value.",
      );
    const problems = Object.keys(schema).length === 0 ? [] : schemaValidator()(schema, value);
    if (problems.length > 0)
      throw wrong(
        `has the default ${show(value)}, which does not fit its schema: it ${problems.join("; ")}. Scheduled runs would get it; correct it.`,
      );
  }
}
