/** The fields of a trigger form, from the JSON schemas of a DAG's params. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonSchema = { readonly [keyword: string]: Json };

/** How a value is edited. `choices`: some of a few; `list`: any texts or numbers; `json`: what has no field of its own. */
export type FieldKind =
  | "text"
  | "lines"
  | "number"
  | "integer"
  | "boolean"
  | "date"
  | "date-time"
  | "time"
  | "choice"
  | "choices"
  | "list"
  | "json"
  | "const";

export interface ParamField {
  name: string;
  title: string;
  description: string | null;
  /** Markdown, in place of the description. */
  descriptionMd: string | null;
  /** The heading that it stands below; null: at the top. */
  section: string | null;
  kind: FieldKind;
  /** Values that there are to choose from, or (with `text` and `list`) that are only proposed. */
  options: readonly { value: Json; label: string }[];
  isNullable: boolean;
  /** Has no default: somebody has to give it. */
  isRequired: boolean;
  default: Json;
  /** Without `null`: of the values that are edited. */
  schema: JsonSchema;
}

/** What the API tells of a param. */
interface ParamAnswer {
  value?: Json;
  schema?: JsonSchema;
  description?: string | null;
}

/** Fields in the order in which the DAG's author wrote the params. */
export function readParamFields(params: Readonly<Record<string, unknown>> | null): ParamField[] {
  return Object.entries(params ?? {}).map(([name, answer]) => toField(name, answer as ParamAnswer));
}

function toField(name: string, { value = null, schema = {}, description = null }: ParamAnswer): ParamField {
  const { plain, isNullable } = withoutNull(schema);
  const acceptsNull = isNullable || isWithoutType(schema);
  return {
    name,
    title: textOf(schema["title"]) ?? name,
    description: description ?? textOf(schema["description"]),
    descriptionMd: textOf(schema["description_md"]),
    section: textOf(schema["section"]),
    kind: kindOf(isWithoutType(schema) ? { ...plain, ...typeOf(value) } : plain),
    options: optionsOf(plain),
    isNullable,
    isRequired: value === null && !acceptsNull,
    default: value,
    schema: plain,
  };
}

function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Nothing is said about what values there are: any is right. */
function isWithoutType(schema: JsonSchema): boolean {
  return ["type", "enum", "const", "anyOf", "oneOf", "allOf"].every((keyword) => schema[keyword] === undefined);
}

/** As Airflow: a param that is only a default value is edited as what that is. Whoever wants another type writes JSON. */
function typeOf(value: Json): JsonSchema {
  if (value === null) return {};
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => typeof item === "string") ? { type: "array", items: { type: "string" } } : {};
  return { type: typeof value };
}

/** Null is edited by leaving a field empty; what is left is the schema of all other values. */
function withoutNull(schema: JsonSchema): { plain: JsonSchema; isNullable: boolean } {
  const { type } = schema;
  if (Array.isArray(type) && type.includes("null")) {
    const rest = type.filter((one) => one !== "null");
    return { plain: { ...schema, type: rest.length === 1 ? rest[0]! : rest, ...withoutNullOption(schema) }, isNullable: true };
  }
  for (const keyword of ["anyOf", "oneOf"]) {
    const variants = schema[keyword];
    if (!Array.isArray(variants)) continue;
    const rest = variants.filter((variant) => (variant as JsonSchema)["type"] !== "null");
    if (rest.length === variants.length) continue;
    const { [keyword]: _all, ...others } = schema;
    return { plain: rest.length === 1 ? { ...others, ...(rest[0] as JsonSchema) } : { ...others, [keyword]: rest }, isNullable: true };
  }
  const options = schema["enum"];
  if (Array.isArray(options) && options.includes(null)) return { plain: { ...schema, ...withoutNullOption(schema) }, isNullable: true };
  return { plain: schema, isNullable: false };
}

function withoutNullOption(schema: JsonSchema): JsonSchema {
  const options = schema["enum"];
  return Array.isArray(options) ? { enum: options.filter((option) => option !== null) } : {};
}

const TEXT_KINDS: Readonly<Record<string, FieldKind>> = { date: "date", "date-time": "date-time", time: "time", multiline: "lines" };

function kindOf(schema: JsonSchema): FieldKind {
  const { type, format, items } = schema;
  if (schema["const"] !== undefined) return "const";
  if (Array.isArray(schema["enum"])) return "choice";
  if (type === "boolean" || type === "integer" || type === "number") return type;
  if (type === "string") return (typeof format === "string" ? TEXT_KINDS[format] : undefined) ?? "text";
  if (type === "array") {
    const item = (items ?? {}) as JsonSchema;
    if (Array.isArray(item["enum"])) return "choices";
    return item["type"] === "string" || item["type"] === "integer" || item["type"] === "number" ? "list" : "json";
  }
  return "json";
}

/** `enum`, with Airflow's `values_display` for other names; or `examples`, which are only proposed. */
function optionsOf(schema: JsonSchema): { value: Json; label: string }[] {
  const items = (schema["items"] ?? {}) as JsonSchema;
  const values = schema["enum"] ?? items["enum"] ?? schema["examples"] ?? items["examples"];
  const names = (schema["values_display"] ?? items["values_display"] ?? {}) as JsonSchema;
  return Array.isArray(values) ? values.map((value) => ({ value, label: textOf(names[labelOf(value)]) ?? labelOf(value) })) : [];
}

export function labelOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Sections in the order in which they first appear, what has none first. */
export function bySection(fields: readonly ParamField[]): { section: string | null; fields: ParamField[] }[] {
  const groups = Map.groupBy(fields, ({ section }) => section);
  return [...groups]
    .map(([section, members]) => ({ section, fields: members }))
    .toSorted((a, b) => Number(a.section !== null) - Number(b.section !== null));
}
