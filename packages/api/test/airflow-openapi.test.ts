import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { openApiDocument } from "../src/openapi/document.ts";
import type { RestRoute } from "../src/rest/route.ts";
import { useTestServer } from "./test-server.ts";

/**
 * What exists here has the same paths, methods, query parameters and field names as Airflow's own OpenAPI document. The document is not part of this project:
 * TRADEWIND_AIRFLOW_OPENAPI says where one is (`openapi-v2.yaml` of Airflow 3.3; in Airflow's sources below `airflow-core/src/airflow/api_fastapi/core_api/openapi`).
 */
const documentPath = process.env["TRADEWIND_AIRFLOW_OPENAPI"];

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** What Airflow has and this API has not: each with the reason. What is named here and exists fails the test as well. */
const DIFFERENCES: {
  paths: Readonly<Record<string, string>>;
  query: Readonly<Record<string, Readonly<Record<string, string>>>>;
} = {
  paths: {},
  query: {},
};

/** What only this API has. Airflow has `state_reason`, `scheduling_state` and `drain_dag` since 3.4. */
const OURS = { query: ["follow", "tokens"], fields: ["state_reason", "scheduling_state"], body: ["scheduling_state", "drain_dag"] } as const;

const server = useTestServer();

describe.skipIf(documentPath === undefined)("compared with Airflow's OpenAPI document (set TRADEWIND_AIRFLOW_OPENAPI to run)", () => {
  const document = (documentPath === undefined ? { paths: {}, components: { schemas: {} } } : parse(readFileSync(documentPath, "utf8"))) as Document;

  const operationOf = (route: RestRoute): Operation | undefined => document.paths[`/api/v2${route.path}`]?.[route.method.toLowerCase()];
  /** This API's own document, which is what is compared. */
  let ours: Document | undefined;
  const own = (): Document => (ours ??= openApiDocument(server.restRoutes, { version: "0", prefix: "/api/v2" }));
  const ownOperation = (route: RestRoute): Operation => own().paths[`/api/v2${route.path}`]![route.method.toLowerCase()]!;
  const nameOf = (route: RestRoute): string => `${route.method} ${route.path}`;

  let routes: RestRoute[] = [];
  beforeAll(() => {
    routes = server.restRoutes.filter((route) => route.isOurs !== true);
  });

  it("has every path and method, but for those that are named with a reason", () => {
    const theirs = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("/api/v2", "")}`),
    );
    const here = new Set(routes.map(nameOf));
    expect(theirs.filter((name) => !here.has(name)).sort()).toEqual(Object.keys(DIFFERENCES.paths).sort());
  });

  it("has no path and method of its own but those that say so", () => {
    expect(routes.filter((route) => operationOf(route) === undefined).map(nameOf)).toEqual([]);
    const ours = server.restRoutes.filter((route) => route.isOurs === true);
    expect(ours.filter((route) => operationOf(route) !== undefined).map(nameOf)).toEqual([]);
  });

  it("takes the same query parameters", () => {
    for (const route of routes) {
      const theirs = (operationOf(route)?.parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name);
      const left = DIFFERENCES.query[nameOf(route)] ?? {};
      const expected = theirs.filter((name) => left[name] === undefined).sort();
      const ours = Object.keys(route.query?.shape ?? {}).filter((name) => !OURS.query.some((own) => own === name));
      expect({ route: nameOf(route), query: ours.sort() }).toEqual({ route: nameOf(route), query: expected });
    }
  });

  it("leaves out only parameters that exist there", () => {
    for (const [name, left] of Object.entries(DIFFERENCES.query)) {
      const [method = "", path = ""] = name.split(" ");
      const theirs = (document.paths[`/api/v2${path}`]?.[method.toLowerCase()]?.parameters ?? []).map((parameter) => parameter.name);
      expect({ name, unknown: Object.keys(left).filter((parameter) => !theirs.includes(parameter)) }).toEqual({ name, unknown: [] });
    }
  });

  it("requires what is required there, and nothing else", () => {
    for (const route of routes) {
      const required = (operation: Operation | undefined): string[] =>
        (operation?.parameters ?? []).filter((parameter) => parameter.in === "query" && parameter.required === true).map(({ name }) => name);
      expect({ route: nameOf(route), required: required(ownOperation(route)) }).toEqual({
        route: nameOf(route),
        required: required(operationOf(route)),
      });
    }
  });

  it("takes the same headers", () => {
    for (const route of routes) {
      const headersOf = (operation: Operation | undefined): string[] =>
        (operation?.parameters ?? []).filter(({ in: place }) => place === "header").map(({ name, required }) => `${name}${required ? "" : "?"}`);
      const theirs = headersOf(operationOf(route)).filter((name) => name !== "accept?");
      expect({ route: nameOf(route), headers: headersOf(ownOperation(route)) }).toEqual({ route: nameOf(route), headers: theirs });
    }
  });

  it("has the operation ids of Airflow's, so that generated clients have the same functions", () => {
    for (const route of routes) {
      expect({ route: nameOf(route), id: ownOperation(route).operationId }).toEqual({ route: nameOf(route), id: operationOf(route)?.operationId });
    }
  });

  it("takes bodies with the same members", () => {
    for (const route of routes) {
      const theirs = operationOf(route)?.requestBody?.content["application/json"]?.schema;
      const ours = ownOperation(route).requestBody?.content["application/json"]?.schema;
      const members = fieldsOf(ours, own()).filter((path) => !OURS.body.some((own) => path.endsWith(`.${own}`)));
      expect({ route: nameOf(route), body: members }).toEqual({ route: nameOf(route), body: fieldsOf(theirs, document) });
    }
  });

  it("answers success with the same status and members", () => {
    for (const route of routes) {
      const success = Object.entries(operationOf(route)?.responses ?? {}).find(([status]) => status.startsWith("2"));
      const theirs = success?.[1].content?.["application/json"]?.schema;
      const ours = ownOperation(route).responses[route.status]?.content?.["application/json"]?.schema;
      expect({ route: nameOf(route), status: route.status }).toEqual({ route: nameOf(route), status: Number(success?.[0]) });
      expect({ route: nameOf(route), answer: missingFrom(fieldsOf(theirs, document), fieldsOf(ours, own())) }).toEqual({
        route: nameOf(route),
        answer: [],
      });
      const extra = missingFrom(fieldsOf(ours, own()), fieldsOf(theirs, document));
      expect({ route: nameOf(route), extra: extra.filter((path) => !OURS.fields.some((own) => path.endsWith(own))) }).toEqual({
        route: nameOf(route),
        extra: [],
      });
    }
  });
});

/** Members with their ways from the top, through lists, references and alternatives. Ways into what is only null here, as triggers, end there. */
function fieldsOf(schema: Schema | undefined, document: Document, way = "", depth = 0): string[] {
  if (schema === undefined || depth > 12) return [];
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return fieldsOf(document.components.schemas[name], document, way, depth + 1);
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, member]) => [
    `${way}.${key}`,
    ...fieldsOf(member, document, `${way}.${key}`, depth + 1),
  ]);
  const inner = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((part) => fieldsOf(part, document, way, depth + 1));
  return [...new Set([...own, ...inner])].filter((path) => !/\.(trigger|triggerer_job)\./.test(path)).sort();
}

function missingFrom(all: readonly string[], given: readonly string[]): string[] {
  return all.filter((path) => !given.includes(path));
}
