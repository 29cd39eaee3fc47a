import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

// The rules that need types go silent, without an error, when their engine does not start. So each has a violation planted here.
const PLANTED: Record<string, { file: string; content: string }> = {
  "no-floating-promises": { file: "packages/a/src/floating.ts", content: "const f = async (): Promise<void> => {};\nf();\n" },
  "no-misused-promises": {
    file: "packages/a/src/misused.ts",
    content: "export const f = (ask: () => Promise<boolean>): string => {\n  if (ask()) return 'yes';\n  return 'no';\n};\n",
  },
  "switch-exhaustiveness-check": {
    file: "packages/a/src/switch.ts",
    content: "export function f(state: 'queued' | 'running'): void {\n  switch (state) {\n    case 'queued':\n      break;\n  }\n}\n",
  },
  "no-restricted-imports": { file: "packages/core/src/io.ts", content: 'import { readFileSync } from "node:fs";\nexport const f = readFileSync;\n' },
  "no-restricted-globals": { file: "packages/core/src/env.ts", content: "export const f = (): unknown => process;\n" },
  "no-focused-tests": {
    file: "packages/a/src/a.test.ts",
    content: 'import { expect, test } from "vitest";\ntest.only("a", () => expect(1).toBe(1));\n',
  },
};

const root = join(import.meta.dirname, "..");
let folder = "";
let output = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lint-"));
  cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true, module: "nodenext" }, include: ["packages"] }));
  for (const { file, content } of Object.values(PLANTED)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  const result = spawnSync(join(root, "node_modules/.bin/oxlint"), ["--type-aware", "-f", "unix"], { cwd: folder, encoding: "utf8" });
  output = result.stdout + result.stderr;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.entries(PLANTED))("%s is found", (rule, { file }) => {
  const lines = output.split("\n").filter((line) => line.includes(file));
  expect(lines.join("\n")).toContain(`(${rule})`);
});
