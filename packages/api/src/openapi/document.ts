import { z } from "zod";
import { JsonValue } from "../http/values.ts";
import type { RestRoute } from "../rest/route.ts";
import { OPERATIONS } from "./operations.ts";

type Schema = { [key: string]: unknown };

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  schema: Schema;
}

interface DocumentedOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: [];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

/** An OpenAPI 3.1 document, as far as it is written here. */
export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  security: Record<string, []>[];
  tags: { name: string }[];
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> };
}

const JSON_TYPE = "application/json";
const SCHEMA_PREFIX = "#/components/schemas/";

const ERROR_ANSWER: Schema = {
  type: "object",
  description: "What went wrong. `detail` is a text, or for 422 a list of what is wrong with the request and where.",
  properties: {
    detail: {
      anyOf: [
        { type: "string" },
        {
          type: "array",
          items: {
            type: "object",
            properties: {
              type: { type: "string" },
              loc: { type: "array", items: { anyOf: [{ type: "string" }, { type: "integer" }] } },
              msg: { type: "string" },
              input: {},
            },
            required: ["type", "loc", "msg"],
          },
        },
      ],
    },
    code: { type: "string", description: "Stable name of the error, for programs." },
    details: { type: "object", additionalProperties: true, description: "Facts for programs." },
    request_id: { type: "string", description: "The server's log has this id too." },
  },
  required: ["detail", "code", "request_id"],
};

/** The REST API's description, made from the very schemas that check its requests. Errors have one shape everywhere. */
export function openApiDocument(routes: readonly RestRoute[], { version, prefix }: { version: string; prefix: string }): OpenApiDocument {
  const schemas = new SchemaCollection();
  const paths: OpenApiDocument["paths"] = {};
  for (const route of routes) (paths[`${prefix}${route.path}`] ??= {})[route.method.toLowerCase()] = operationOf(route, schemas);
  return {
    openapi: "3.1.0",
    info: {
      title: "Tradewind",
      version,
      description:
        "Workflows: DAGs, their runs, and everything about them. The same paths, fields and errors as Airflow's stable REST API, version 2.",
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
    },
    security: [{ bearer: [] }],
    tags: [...new Set([...OPERATIONS.values()].map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...schemas.named, HTTPExceptionResponse: ERROR_ANSWER },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "As `POST /auth/token` gives it." } },
    },
  };
}

function operationOf(route: RestRoute, schemas: SchemaCollection): DocumentedOperation {
  const known = OPERATIONS.get(`${route.method} ${route.path}`);
  if (known === undefined) throw new TypeError(`Route ${route.method} ${route.path} has no name in the OpenAPI document: add it to OPERATIONS.`);
  const body = route.body && schemas.convert(route.body);
  return {
    operationId: known.id,
    tags: [known.tag],
    summary: known.summary,
    ...(route.access === "public" ? { security: [] as [] } : { description: `Takes the permission \`${route.access}\`.` }),
    parameters: [
      ...pathParameters(route, schemas),
      ...givenParameters("query", route.query, schemas),
      ...givenParameters("header", route.headers, schemas),
    ],
    ...(body === undefined ? {} : { requestBody: { required: !acceptsNothing(route.body!), content: { [JSON_TYPE]: { schema: body } } } }),
    responses: { [route.status]: successOf(route, schemas), default: ERROR_RESPONSE },
  };
}

const ERROR_RESPONSE = { description: "An error", content: { [JSON_TYPE]: { schema: { $ref: `${SCHEMA_PREFIX}HTTPExceptionResponse` } } } };

function successOf(route: RestRoute, schemas: SchemaCollection): DocumentedOperation["responses"][string] {
  if (route.answer === null) return { description: "Success" };
  return { description: "Success", content: { [JSON_TYPE]: { schema: schemas.convert(route.answer) } } };
}

function acceptsNothing(body: z.ZodType): boolean {
  return body.safeParse(undefined).success;
}

function pathParameters(route: RestRoute, schemas: SchemaCollection): Parameter[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const schema = route.pathSchema?.shape[name] as z.ZodType | undefined;
    return { name, in: "path", required: true, schema: schema === undefined ? { type: "string" } : schemas.convert(schema) };
  });
}

function givenParameters(place: "query" | "header", given: z.ZodObject | undefined, schemas: SchemaCollection): Parameter[] {
  return Object.entries(given?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: !acceptsNothing(schema as z.ZodType),
    schema: schemas.convert(schema as z.ZodType),
  }));
}

/** Schemas that have an id of their own are written once and referred to. */
class SchemaCollection {
  readonly named: Record<string, Schema> = {};

  convert(schema: z.ZodType): Schema {
    const { $schema: _dialect, $defs, ...own } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", override: refine }) as Schema;
    for (const [name, named] of Object.entries(($defs ?? {}) as Record<string, Schema>)) {
      // The parts of "any JSON value", which nothing refers to any more.
      if (!name.startsWith("__")) this.named[name] = withReferences(named) as Schema;
    }
    return withReferences(own) as Schema;
  }
}

/**
 * What a JSON schema knows of what is read by a function (`meta({ type, format })` says it), and without what says nothing to a reader: the pattern behind a format, and the
 * bounds of every whole number.
 */
function refine({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: Schema }): void {
  if (zodSchema === JsonValue) {
    for (const key of Object.keys(jsonSchema)) if (key !== "id") delete jsonSchema[key];
    jsonSchema["description"] = "Any JSON value.";
  }
  const { id: _id, ...described } = (zodSchema as z.ZodType).meta() ?? {};
  Object.assign(jsonSchema, described);
  if (jsonSchema["format"] !== undefined) delete jsonSchema["pattern"];
  if (jsonSchema["maximum"] === Number.MAX_SAFE_INTEGER) delete jsonSchema["maximum"];
  if (jsonSchema["minimum"] === Number.MIN_SAFE_INTEGER) delete jsonSchema["minimum"];
}

function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === "$ref" ? String(member).replace("#/$defs/", SCHEMA_PREFIX) : withReferences(member)]),
  );
}
