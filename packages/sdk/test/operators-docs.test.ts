import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { validateDagSpec } from "@tradewind/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as operators from "../src/operators/index.ts";
import * as sensors from "../src/sensors/index.ts";
import { collectDags, toSpec } from "../src/internal.ts";

const packageDirectory = join(import.meta.dirname, "..");
const workspace = join(packageDirectory, "../..");
const page = readFileSync(join(workspace, "docs/operators.md"), "utf8");

/** The blocks that are whole files, by the heading above them. */
const files = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const heading = section.slice(0, section.indexOf("\n"));
    return [...section.matchAll(/^```ts\n(import [^]*?)^```$/gm)].map(([, source]) => ({ heading, source: source! }));
  });

let directory: string;
const pathOf = (index: number) => join(directory, `example-${index}.ts`);

beforeAll(() => {
  // Inside the package, so that "tradewind" is found as an author's project would find it.
  directory = mkdtempSync(join(packageDirectory, ".operators-docs-"));
  files.forEach(({ source }, index) => writeFileSync(pathOf(index), source));
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.base.json",
      compilerOptions: { typeRoots: [join(workspace, "node_modules/@types")] },
      include: ["*.ts"],
    }),
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("compiles, every whole file of docs/operators.md", async () => {
  expect(files.length).toBeGreaterThan(10);
  const compiler = join(workspace, "node_modules/.bin/tsc");
  await promisify(execFile)(compiler, ["--noEmit", "-p", directory]).catch(({ stdout }: { stdout: string }) => expect.unreachable(stdout));
});

it.each(files.map(({ heading }, index) => [heading, index] as const))("loads: %s", async (_heading, index) => {
  const dags = collectDags((await import(pathToFileURL(pathOf(index)).href)) as object);
  expect(dags.length).toBeGreaterThan(0);
  for (const dag of dags) validateDagSpec(toSpec(dag));
});

const MADE_OF_PARTS = ["registerSqlDriver", "makeSensor", "PokeReturn"];

it("names every operator and sensor, and has an example of each", () => {
  const table = page.slice(0, page.indexOf("## bash"));
  const examples = files.map(({ source }) => source).join("\n");
  for (const name of Object.keys({ ...operators, ...sensors }).filter((one) => !MADE_OF_PARTS.includes(one))) {
    expect(table, `${name} in the table of names`).toContain(`\`${name}\``);
    if (name !== "sensor") expect(examples, `an example of ${name}`).toMatch(new RegExp(`\\b${name}\\(`));
  }
});
