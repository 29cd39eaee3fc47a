import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { MAY_IMPORT } from "./boundaries/rules.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

const PAGES = [".", "docs", "docs/decisions"].flatMap(pagesIn);

test.each(PAGES)("%s: every relative link leads somewhere", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]!);
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

test("every decision has a number of its own and is in the index", () => {
  const records = readdirSync(join(root, "docs/decisions")).filter((name) => name !== "README.md");
  const index = read("docs/decisions/README.md");
  for (const record of records) {
    expect(record).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(index).toContain(`(${record})`);
  }
  expect(new Set(records.map((name) => name.slice(0, 4))).size).toBe(records.length);
});

test("the table of packages in architecture.md is the one that is checked", () => {
  const rows = read("docs/architecture.md")
    .split("## Packages")[1]!
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const documented = new Map(
    rows.flatMap(([, names, , may]) => [...names!.matchAll(/`([a-z-]+)`(?! ?\))/g)].map((match) => [match[1]!, may!] as const)),
  );
  expect([...documented.keys()].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  for (const [name, may] of documented) {
    if (may === "all of the above" || may === "development only") continue;
    const allowed = may === "nothing" ? [] : may.split(", ");
    expect(allowed.sort(), name).toEqual([...MAY_IMPORT[name]!].sort());
  }
});
