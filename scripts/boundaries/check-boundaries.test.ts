import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BOUNDARY_RULES, type BoundaryRule, checkBoundaries } from "./check-boundaries.ts";
import { readWorkspace } from "./workspace.ts";

// Violations are planted in a small workspace of the real shape: a checker that has gone blind fails here.
const CLEAN: Record<string, string> = {
  "core/package.json": manifest("@tradewind/core", {}),
  "core/src/index.ts":
    "export const nextDate = (now: Date): Date => new Date(now.getTime() + 1);\n// process.exit, Date.now() and import 'node:fs' in a comment\n",
  "core/src/index.test.ts":
    'import { readFileSync } from "node:fs";\nimport { test } from "vitest";\ntest("t", () => void readFileSync(String(Date.now())));\n',
  "contract/package.json": manifest("@tradewind/contract", { "@tradewind/core": "workspace:*" }),
  "contract/src/index.ts": 'export * from "@tradewind/core";\n',
  "metadata/package.json": manifest(
    "@tradewind/metadata",
    { "@tradewind/core": "workspace:*", pg: "catalog:", kysely: "catalog:" },
    { ".": "", "./testing": "" },
  ),
  "metadata/src/index.ts": 'import pg from "pg";\nexport { sql } from "kysely";\nexport const pool = pg;\n',
  "metadata/src/testing/index.ts": 'import { test } from "vitest";\nexport const it = test;\n',
  "testkit/package.json": manifest("@tradewind/testkit", { "@tradewind/metadata": "workspace:*" }),
  "testkit/src/index.ts": 'export type { pool } from "@tradewind/metadata";\n',
  "engine/package.json": manifest("@tradewind/engine", { "@tradewind/core": "workspace:*", "@tradewind/metadata": "workspace:*" }, undefined, {
    "@tradewind/testkit": "workspace:*",
  }),
  "engine/src/index.ts":
    'import { setTimeout } from "node:timers/promises";\nexport { nextDate } from "@tradewind/core";\nexport const wait = setTimeout;\n',
  "engine/test/engine.test.ts": 'import "@tradewind/testkit";\nimport "@tradewind/metadata/testing";\n',
  "executor-local/package.json": manifest("@tradewind/executor-local", { "@tradewind/core": "workspace:*" }),
  "executor-local/src/index.ts": "export {};\n",
  "loader/package.json": manifest("@tradewind/loader", { "@tradewind/core": "workspace:*" }),
  "loader/src/index.ts": "export {};\n",
  "scheduler/package.json": manifest("@tradewind/scheduler", { "@tradewind/engine": "workspace:*" }),
  "scheduler/src/index.ts": 'export * from "@tradewind/engine";\n',
  "sdk/package.json": manifest("tradewind", { "@tradewind/core": "workspace:*", pg: "catalog:" }),
  "sdk/src/index.ts": 'export * from "@tradewind/core";\n',
  "sdk/test/sql.test.ts": 'import pg from "pg";\n',
  "sdk/src/sql/postgres-driver.ts":
    'import type { Pool } from "pg";\nexport const open = async (): Promise<Pool> => new (await import("pg")).default.Pool();\n',
};

function manifest(name: string, dependencies: object, exports: object = { ".": "" }, devDependencies: object = {}): string {
  return JSON.stringify({ name, exports, dependencies, devDependencies: { vitest: "catalog:", ...devDependencies } });
}

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "boundaries-"));
  write(CLEAN);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, "packages", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

const found = () => checkBoundaries(readWorkspace(root)).map(({ rule, place }) => `${rule} ${place}`);

test("a clean workspace has no violations", () => {
  expect(found()).toEqual([]);
});

interface Planted {
  name: string;
  rule: BoundaryRule;
  file: string;
  content: string;
  /** Where it must be reported: the file and this line, or a package.json. */
  line?: number;
}

const PLANTED: Planted[] = [
  // Only declared dependencies.
  { name: "undeclared static import", rule: "declared", file: "engine/src/a.ts", content: '\nimport { z } from "zod";\nz;', line: 2 },
  { name: "undeclared type import", rule: "declared", file: "engine/src/a.ts", content: 'import type { z } from "zod";', line: 1 },
  { name: "undeclared re-export", rule: "declared", file: "engine/src/a.ts", content: 'export * from "@scope/name/deep";', line: 1 },
  { name: "undeclared dynamic import", rule: "declared", file: "engine/src/a.ts", content: 'const f = () => import("zod");', line: 1 },
  { name: "undeclared createRequire", rule: "declared", file: "engine/src/a.ts", content: 'createRequire(import.meta.url)("zod");', line: 1 },
  { name: "undeclared import type expression", rule: "declared", file: "engine/src/a.ts", content: 'let a: import("zod").ZodType;', line: 1 },
  { name: "development dependency in shipped source", rule: "declared", file: "engine/src/a.ts", content: 'import "vitest";', line: 1 },
  // The arrows.
  { name: "SDK reaches a server package", rule: "arrow", file: "sdk/src/a.ts", content: 'import "@tradewind/engine";', line: 1 },
  {
    name: "SDK reaches a server package for a type",
    rule: "arrow",
    file: "sdk/src/a.ts",
    content: 'import type { X } from "@tradewind/engine";',
    line: 1,
  },
  { name: "scheduler imports an adapter", rule: "arrow", file: "scheduler/src/a.ts", content: 'import "@tradewind/executor-local";', line: 1 },
  { name: "scheduler imports the loader lazily", rule: "arrow", file: "scheduler/src/a.ts", content: 'await import("@tradewind/loader");', line: 1 },
  { name: "contract imports the engine", rule: "arrow", file: "contract/src/a.ts", content: 'export { x } from "@tradewind/engine";', line: 1 },
  {
    name: "a forbidden arrow that is only declared",
    rule: "arrow",
    file: "loader/package.json",
    content: manifest("@tradewind/loader", { "@tradewind/metadata": "workspace:*" }),
  },
  { name: "shipped source uses the test kit", rule: "development", file: "engine/src/a.ts", content: 'import "@tradewind/testkit";', line: 1 },
  // What a package does not export.
  { name: "deep import", rule: "exports", file: "engine/src/a.ts", content: 'import "@tradewind/core/src/index.ts";', line: 1 },
  { name: "relative import of another package", rule: "exports", file: "engine/src/a.ts", content: 'import "../../core/src/index.ts";', line: 1 },
  // Purity.
  { name: "Node module", rule: "pure", file: "core/src/a.ts", content: 'import { readFileSync } from "node:fs";', line: 1 },
  { name: "Node module for a type", rule: "pure", file: "core/src/a.ts", content: 'import type { Stats } from "node:fs";', line: 1 },
  { name: "Date.now", rule: "pure", file: "core/src/a.ts", content: "\n\nconst a = Date.now();", line: 3 },
  { name: "Date.now passed on", rule: "pure", file: "core/src/a.ts", content: "const f = (clock = Date.now) => clock();", line: 1 },
  { name: "new Date()", rule: "pure", file: "core/src/a.ts", content: "const a = new Date();", line: 1 },
  { name: "Date()", rule: "pure", file: "core/src/a.ts", content: "const a = Date();", line: 1 },
  { name: "Math.random", rule: "pure", file: "core/src/a.ts", content: 'const a = Math["random"]();', line: 1 },
  { name: "process", rule: "pure", file: "core/src/a.ts", content: "const a = process.env;", line: 1 },
  { name: "process taken apart", rule: "pure", file: "core/src/a.ts", content: "const { env } = process;", line: 1 },
  { name: "crypto", rule: "pure", file: "core/src/a.ts", content: "const a = crypto.randomUUID();", line: 1 },
  { name: "a timer", rule: "pure", file: "core/src/a.ts", content: "setTimeout(() => {}, 1);", line: 1 },
  { name: "import.meta", rule: "pure", file: "core/src/a.ts", content: "const a = import.meta.url;", line: 1 },
  // SQL.
  { name: "pg outside metadata", rule: "sql", file: "engine/src/a.ts", content: 'import pg from "pg";', line: 1 },
  { name: "kysely's types outside metadata", rule: "sql", file: "engine/src/a.ts", content: 'import type { Kysely } from "kysely";', line: 1 },
  { name: "pg in a test outside metadata", rule: "sql", file: "engine/test/a.test.ts", content: 'import pg from "pg";', line: 1 },
  { name: "pg in another test of the SDK", rule: "sql", file: "sdk/test/http.test.ts", content: 'import pg from "pg";', line: 1 },
  { name: "SQL operator loads pg at once", rule: "sql", file: "sdk/src/sql/postgres-driver.ts", content: 'import pg from "pg";', line: 1 },
  { name: "another operator loads pg", rule: "sql", file: "sdk/src/operators/http.ts", content: 'await import("pg");', line: 1 },
  // Shape.
  { name: "an unknown package", rule: "known-package", file: "surprise/package.json", content: manifest("@tradewind/surprise", {}) },
  { name: "no node: prefix", rule: "node-prefix", file: "engine/src/a.ts", content: 'import { readFileSync } from "fs";', line: 1 },
  {
    name: "a cycle through a development dependency",
    rule: "cycle",
    file: "metadata/package.json",
    content: manifest(
      "@tradewind/metadata",
      { "@tradewind/core": "workspace:*", pg: "", kysely: "" },
      { ".": "", "./testing": "" },
      {
        "@tradewind/testkit": "workspace:*",
      },
    ),
  },
];

describe("planted violations", () => {
  test.each(PLANTED)("$rule: $name", ({ rule, file, content, line }) => {
    write({ [file]: content });
    const place = line === undefined ? `packages/${file}` : `packages/${file}:${line}`;
    expect(found()).toContain(`${rule} ${place}`);
  });

  test("every rule has a planted violation", () => {
    expect(new Set(PLANTED.map((planted) => planted.rule))).toEqual(new Set(BOUNDARY_RULES));
  });
});

describe("the command", () => {
  const program = join(dirname(dirname(fileURLToPath(import.meta.url))), "check-boundaries.ts");
  const run = () => spawnSync(process.execPath, [program, root], { encoding: "utf8" });

  test("names the place and fails", () => {
    write({ "core/src/a.ts": "export const a = Date.now();" });
    const { status, stdout } = run();
    expect(status).toBe(1);
    expect(stdout).toContain("packages/core/src/a.ts:1  uses Date.now;");
  });

  test("passes a clean workspace, and fails one in which it sees no import", () => {
    expect(run().status).toBe(0);
    rmSync(join(root, "packages"), { recursive: true });
    write({ "core/package.json": manifest("@tradewind/core", {}) });
    expect(run().status).toBe(1);
  });
});
