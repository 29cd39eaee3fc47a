import { describe, expect, it } from "vitest";
import type { OpenApiDocument } from "../src/openapi/document.ts";
import { OPERATIONS } from "../src/openapi/operations.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

async function readDocument(): Promise<OpenApiDocument> {
  return (await server.call("GET", "/openapi.json", { role: null })).json();
}

describe("GET /openapi.json", () => {
  it("describes every route once, each under its own id, for everybody", async () => {
    const document = await readDocument();
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(server.restRoutes.map(({ method, path }) => `${method} /api/v2${path}`).sort());
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("names no route that does not exist", () => {
    const routes = server.restRoutes.map(({ method, path }) => `${method} ${path}`);
    expect([...OPERATIONS.keys()].filter((route) => !routes.includes(route))).toEqual([]);
  });

  it("refers only to schemas that it has, and has none that nothing refers to", async () => {
    const document = await readDocument();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(references)].sort()).toEqual(known.sort());
    expect(known.filter((name) => name.includes("__schema"))).toEqual([]);
  });

  it("says what a request must have", async () => {
    const { paths, components } = await readDocument();
    const trigger = paths["/api/v2/dags/{dag_id}/dagRuns"]!["post"]!;
    expect(trigger.parameters).toEqual([{ name: "dag_id", in: "path", required: true, schema: { type: "string" } }]);
    expect(trigger.requestBody?.required).toBe(true);
    const list = paths["/api/v2/dags"]!["get"]!.parameters;
    expect(list.find(({ name }) => name === "limit")).toEqual({
      name: "limit",
      in: "query",
      required: false,
      schema: { type: "integer", minimum: 0, default: 50 },
    });
    expect(list.find(({ name }) => name === "dag_run_start_date_gte")?.schema).toEqual({ type: "string", format: "date-time" });
    expect(components.schemas["PoolBody"]).toMatchObject({ required: ["name", "slots"] });
  });

  it("takes a token everywhere but where anybody may ask", async () => {
    const { paths, security } = await readDocument();
    expect(security).toEqual([{ bearer: [] }]);
    const open = Object.entries(paths).filter(([, methods]) => Object.values(methods).some((operation) => operation.security !== undefined));
    expect(open.map(([path]) => path).sort()).toEqual(["/api/v2/auth/login", "/api/v2/auth/logout", "/api/v2/monitor/health", "/api/v2/version"]);
  });
});

describe("GET /docs", () => {
  it("is a page without scripts, whose links lead to places in it", async () => {
    const answer = await server.call("GET", "/docs", { role: null });
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    const html = answer.body;
    expect(html).not.toContain("<script");
    const targets = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter((id) => !targets.has(id))).toEqual([]);
  });
});
