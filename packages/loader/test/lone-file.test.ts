import { dirname } from "node:path";
import * as esbuild from "esbuild";
import { afterAll, expect, test } from "vitest";
import { bundleDagFile, stopBundler } from "../src/index.ts";
import { loneFileLoader } from "../src/lone-file.ts";
import { dagFolder } from "./dag-folder.ts";

afterAll(stopBundler);

/** As a path, so that esbuild looks at the folder too. */
async function bundledFromFolder(path: string): Promise<{ code: string; sourceMap: { names: unknown } }> {
  const result = await esbuild.build({
    entryPoints: [path],
    absWorkingDir: dirname(path),
    outfile: `${dirname(path)}/bundle.mjs`,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    sourcemap: "external",
    sourcesContent: false,
    charset: "utf8",
    legalComments: "none",
    keepNames: true,
    tsconfigRaw: "{}",
    logLevel: "silent",
  });
  const [map, code] = result.outputFiles;
  return { code: code!.text, sourceMap: JSON.parse(map!.text) as { names: unknown } };
}

const FILES: Record<string, string> = {
  "plain.ts": `import { Dag } from "tradewind";\nexport const dag: Dag = new Dag("a");\ndag.task("t", async function load() { return 1; })();\n`,
  "types.ts": `import type { Dag } from "tradewind";\nimport { type Json, task } from "tradewind/x";\nimport { Unused } from "@acme/tools/deep";\nexport const a = (dag: Dag): Json => task(dag);\n`,
  "node.ts": `import fs from "fs";\nimport "node:fs/promises";\nimport { join } from "node:path";\nimport * as os from "os";\nexport const a = [join("a"), fs, () => import("node:crypto"), () => import("@acme/tools")];\n`,
  "unused.js": `import fs from "fs";\nimport { join } from "node:path";\nimport tools from "@acme/tools";\nimport "polyfill";\nexport const a = 1;\n`,
  "unused.mjs": `import fs from "node:fs";\nimport { x } from "pkg/deep/file.js";\nexport * from "@acme/other";\nexport { y as default } from "z-1.2_3";\n`,
  "data.mts": `import data from "pkg/data.json" with { type: "json" };\nexport default await Promise.resolve(data satisfies unknown);\n`,
  "odd.ts": `\uFEFF"use strict";\nenum Color { Red = "é" }\nclass Named { static x = Color.Red; #y = 1; get y() { return this.#y; } }\nexport { Named as "a b" };\nexport const tag = \`\${Named.x}\`;\n`,
};

test.each(Object.keys(FILES))("%s gives the same bytes as from its place", async (name) => {
  const folder = await dagFolder({ [`team/${name}`]: FILES[name]!, "package.json": `{ "type": "commonjs", "sideEffects": false }` });
  const path = folder.path(`team/${name}`);
  expect(loneFileLoader(path, FILES[name]!)).not.toBeNull();
  const result = await bundleDagFile({ path, root: folder.root });
  if (!result.ok) throw new Error(result.error.message);
  const { code, sourceMap, sources } = result.bundle;
  expect({ code, sourceMap: JSON.parse(sourceMap) as unknown }).toEqual(await bundledFromFolder(path));
  expect(sources.text(path)).toBe(FILES[name]!.replace("\uFEFF", ""));
  expect(result.inputs.map((input) => input.path)).toEqual([path]);
});

test("files whose place matters, or may matter, are bundled from it", () => {
  const place = (text: string, path = "/dags/a.ts") => loneFileLoader(path, text) === null;
  for (const text of [
    `import { x } from "./x.ts";`,
    `import x from '../x.sql';`,
    "const x = await import(`./x.ts`);",
    `import x from "..";`,
    `import x from "/shared/x.ts";`,
    `import x from "#lib/x";`,
    `import x from "data:text/plain,x";`,
    `const fs = require("fs");`,
    `module.exports = 1;`,
    `exports.dag = 1;`,
    `const a = 1;`,
    ``,
  ])
    expect([text, place(text)]).toEqual([text, true]);
  expect(place("export const a = 1;", "/dags/a.cts")).toBe(true);
  expect(place("export const a = 1;", "/dags/a.dag.yaml")).toBe(true);
});

test("what only esbuild sees to be more than a package is found all the same", async () => {
  const folder = await dagFolder({ "a.ts": `import { x } from "\\u002e/x.ts";\nexport const a = x;\n`, "x.ts": "export const x = 'found';\n" });
  const path = folder.path("a.ts");
  expect(loneFileLoader(path, `import { x } from "\\u002e/x.ts";`)).not.toBeNull();
  const result = await bundleDagFile({ path, root: folder.root });
  expect(result).toMatchObject({ ok: true, bundle: { code: expect.stringContaining('x = "found"') as string } });
  expect(result.inputs.map((input) => input.path)).toEqual([path, folder.path("x.ts")]);
});
