/**
 * A TypeScript client that is made from Airflow's OpenAPI document does a day's work against a Tradewind: `airflow-client/day.ts` compiles against the types made from the document, and every
 * answer, refusals too, fits the document's schema for it. The document is not part of this project: TRADEWIND_AIRFLOW_OPENAPI says where it is; skipped without.
 */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { ADMIN_PASSWORD, makeInstallation } from "@tradewind/testkit";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import createClient, { type Client } from "openapi-fetch";
import openapiTypescript, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { paths } from "./airflow-client/airflow-api.ts";
import { saveDags } from "./airflow-client/dags.ts";
import { workADay } from "./airflow-client/day.ts";

const documentPath = process.env["TRADEWIND_AIRFLOW_OPENAPI"];
if (documentPath === undefined)
  process.stderr.write("skipped: a client made from Airflow's OpenAPI document. TRADEWIND_AIRFLOW_OPENAPI does not say where one is.\n");

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>>;
}

/** The schema that the document has for an answer, as a check. */
function answerChecks(document: Document): (path: string, method: string, status: number) => ValidateFunction | undefined {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: "airflow" });
  const escape = (step: string): string => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"));
  return (path, method, status) => {
    const steps = ["paths", path, method.toLowerCase(), "responses", String(status), "content", "application/json", "schema"];
    const schema = document.paths[path]?.[method.toLowerCase()]?.responses[status]?.content?.["application/json"]?.schema;
    return schema === undefined ? undefined : ajv.compile({ $ref: `airflow#/${steps.map(escape).join("/")}` });
  };
}

test.skipIf(documentPath === undefined)("a client made from Airflow's document works a day, and every answer is as the document says", async () => {
  // Airflow's own answers do not fit exactly one of the schemas that the document gives for what a clear touches: each fits both.
  const document = parse(readFileSync(documentPath!, "utf8").replaceAll("oneOf:", "anyOf:")) as Document;
  const installation = await makeInstallation();
  const [compiled] = await Promise.all([compileAgainst(document, installation.folder), installation.start("standalone", "a", ["--no-examples"])]);
  expect(compiled).toBe("");
  await saveDags(installation);
  const checkOf = answerChecks(document);
  const checked: string[] = [];
  const wrong: unknown[] = [];
  const api: Client<paths> = createClient<paths>({ baseUrl: installation.rest.url });
  const token = await logIn(installation.rest.url);
  api.use({
    onRequest: ({ request }) => request.headers.set("authorization", `Bearer ${token}`),
    async onResponse({ request, response, schemaPath }) {
      const name = `${request.method} ${schemaPath} ${response.status}`;
      if (response.status === 204 || response.headers.get("content-type")?.startsWith("application/json") !== true) return;
      const check = checkOf(schemaPath, request.method, response.status);
      if (check === undefined) {
        if (response.status >= 400) wrong.push({ name, problem: "the document has no such status here", answer: await response.clone().text() });
        return;
      }
      checked.push(name);
      const answer: unknown = await response.clone().json();
      if (!check(answer)) wrong.push({ name, problem: check.errors?.slice(0, 5), answer });
    },
  });

  const told = await workADay(api);

  expect(wrong).toEqual([]);
  expect(new Set(checked).size).toBeGreaterThan(55);
  expect(told).toEqual({
    dags: [["sales", ["daily", "shop"]]],
    triggered: ["morning", { day: "tuesday" }, "rest_api"],
    ended: ["success", [1]],
    instances: [
      "checks.rows[-1] success",
      "checks.sums[-1] success",
      "count[0] success",
      "count[1] success",
      "count[2] success",
      "extract[-1] success",
      "load[-1] success",
    ],
    log: true,
    clear: ["checks.rows[-1]", "checks.sums[-1]", "count[1]", "load[-1]"],
    group: [
      ["checks.rows", "failed", "no"],
      ["checks.sums", "failed", "no"],
    ],
    "next page": [2, "string"],
    asked: [201, 200],
    gone: 404,
  });
});

async function logIn(url: string): Promise<string> {
  const body = JSON.stringify({ username: "admin", password: ADMIN_PASSWORD });
  const response = await fetch(`${url}/auth/token`, { method: "POST", headers: { "content-type": "application/json" }, body });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Compiles the day's work against types made from the document. What the compiler says: nothing when all is well. */
async function compileAgainst(document: Document, folder: string): Promise<string> {
  const place = join(folder, "compiled");
  mkdirSync(place);
  writeFileSync(join(place, "airflow-api.ts"), astToString(await openapiTypescript(document as never, { defaultNonNullable: false })));
  copyFileSync(join(import.meta.dirname, "airflow-client/day.ts"), join(place, "day.ts"));
  symlinkSync(join(import.meta.dirname, "node_modules"), join(place, "node_modules"));
  const options = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "esnext",
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["day.ts"] }));
  const compiler = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
  return promisify(execFile)(process.execPath, [compiler, "-p", place]).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => error.stdout ?? error.message,
  );
}
