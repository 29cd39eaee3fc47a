import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderDocsPage } from "./docs-page.ts";
import { createProgram } from "./program/program.ts";

test("docs/cli.md is what the program's help says; node packages/cli/src/write-docs-page.ts writes it", () => {
  const page = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
  expect(page).toBe(renderDocsPage(createProgram("0.0.0")));
});
