import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createDagLoader, stopBundler } from "../src/index.ts";
import { dagFolder } from "./dag-folder.ts";

const loader = createDagLoader({ processes: 1 });
afterAll(async () => {
  await loader.stop();
  await stopBundler();
});

const page = readFileSync(join(import.meta.dirname, "../../../docs/dag-files.md"), "utf8");
/** Whole files: TypeScript that begins with an import, and YAML. */
const files = [...page.matchAll(/^```(?<language>ts|yaml)\n(?<text>[^]*?)^```$/gmu)]
  .map(({ groups }) => ({ name: groups!["language"] === "ts" ? "page.ts" : "page.dag.yaml", text: groups!["text"]! }))
  .filter(({ name, text }) => name !== "page.ts" || text.startsWith("import "));

it("has whole files of each kind", () => {
  expect(files.map(({ name }) => name)).toEqual(["page.ts", "page.dag.yaml", "page.ts"]);
});

it.each(files.map((file, index) => [index, file] as const))("docs/dag-files.md: whole file %i loads", async (_index, { name, text }) => {
  const folder = await dagFolder({ [name]: text });
  const loaded = await loader.load({ path: folder.path(name), root: folder.root });
  if (!loaded.ok) throw new Error(`${loaded.error.message}\n${loaded.error.frame}`);
  expect(loaded.dags.length).toBeGreaterThan(0);
  expect(loaded.warnings).toEqual([]);
});
