import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderDocsPage } from "./docs-page.ts";
import { CONFIG_KEYS } from "./index.ts";

test("docs/configuration.md is fresh; `node packages/config/src/write-docs-page.ts` rewrites it", () => {
  expect(readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8")).toBe(renderDocsPage());
});

test("every key has a description that ends as a sentence, and a name of its own", () => {
  for (const key of CONFIG_KEYS) expect(key.description, key.path).toMatch(/^[A-Z`].*[^.]\.$/);
  expect(new Set(CONFIG_KEYS.map((key) => key.envName)).size).toBe(CONFIG_KEYS.length);
});
