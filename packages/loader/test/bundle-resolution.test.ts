import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { dagFolder } from "./dag-folder.ts";

const run = promisify(execFile);
const IMPORT_BUNDLE = fileURLToPath(new URL("../src/import-bundle.ts", import.meta.url));

/** In a process of its own: module hooks last as long as the process. */
async function importInChild(path: string, resolveFrom: string[]): Promise<unknown> {
  const program = `import { importBundle } from ${JSON.stringify(IMPORT_BUNDLE)};
const exports = await importBundle(${JSON.stringify({ path, resolveFrom })});
console.log(JSON.stringify(await exports.default()));`;
  const { stdout } = await run(process.execPath, ["--no-warnings", "--input-type=module", "-e", program]);
  return JSON.parse(stdout);
}

const PACKAGES = {
  "project/node_modules/esm/package.json": `{ "name": "esm", "type": "module", "exports": "./i.js" }`,
  "project/node_modules/esm/i.js": `import * as sdk from "tradewind";\nexport default "Dag" in sdk ? "our sdk" : "another sdk";\n`,
  "project/node_modules/cjs/index.js": `module.exports = "cjs";`,
  "project/node_modules/tradewind/package.json": `{ "name": "tradewind", "type": "module", "exports": "./i.js" }`,
  "project/node_modules/tradewind/i.js": "export const other = 1;",
  "project/dags/.keep": "",
};

it("finds packages from the project although the bundle lies elsewhere: import, import() and require", async () => {
  const folder = await dagFolder({
    ...PACKAGES,
    "cache/bundle.mjs": `import { createRequire } from "node:module";
import { join } from "path";
import esm from "esm";
const require = createRequire(import.meta.url);
export default async () => [esm, require("cjs"), (await import("cjs")).default, typeof join];`,
  });
  expect(await importInChild(folder.path("cache/bundle.mjs"), [folder.path("project/dags")])).toEqual(["our sdk", "cjs", "cjs", "function"]);
});

it("resolves tradewind to the installation's own copy, whether the project has none or another", async () => {
  const folder = await dagFolder({
    ...PACKAGES,
    "cache/bundle.mjs": `import * as sdk from "tradewind";\nexport default async () => ["Dag" in sdk, "other" in sdk];`,
  });
  expect(await importInChild(folder.path("cache/bundle.mjs"), [folder.path("project/dags")])).toEqual([true, false]);
  expect(await importInChild(folder.path("cache/bundle.mjs"), [])).toEqual([true, false]);
});

it("looks in the folders in their order, and names the first when a package is nowhere", async () => {
  const folder = await dagFolder({
    "one/node_modules/a/index.js": `module.exports = "a of one";`,
    "two/node_modules/a/index.js": `module.exports = "a of two";`,
    "two/node_modules/b/index.js": `module.exports = "b of two";`,
    "cache/bundle.mjs": `import a from "a";\nimport b from "b";\nexport default async () => [a, b, await import("nowhere").catch((error) => error.message)];`,
  });
  const [a, b, message] = (await importInChild(folder.path("cache/bundle.mjs"), [folder.path("one"), folder.path("two")])) as string[];
  expect([a, b]).toEqual(["a of one", "b of two"]);
  expect(message).toContain(`Cannot find package 'nowhere' imported from ${folder.path("one")}`);
});
