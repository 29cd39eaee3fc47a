import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const program = new URL("check-file-length.ts", import.meta.url).pathname;
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "length-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function plant(name: string, lines: number): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), "x;\n".repeat(lines));
}
const run = () => spawnSync(process.execPath, [program, root], { encoding: "utf8" });

test("450 lines pass, 451 do not, and a tree without sources does not either", () => {
  expect(run().status).toBe(1);
  plant("packages/a/src/a.ts", 450);
  plant("packages/a/src/a.test.ts", 700);
  plant("packages/a/node_modules/b.js", 5000);
  expect(run().status).toBe(0);
  plant("packages/a/src/deep/b.ts", 451);
  const { status, stdout } = run();
  expect(status).toBe(1);
  expect(stdout).toContain("packages/a/src/deep/b.ts has 451 lines");
});
