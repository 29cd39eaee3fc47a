import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "count-"));

test.each([
  ["all passed", [{ status: "passed", assertionResults: [{ status: "passed" }, { status: "pending" }] }], "1 0"],
  ["failures", [{ status: "failed", assertionResults: [{ status: "failed" }, { status: "failed" }, { status: "passed" }] }], "1 2"],
  ["a file that could not be loaded", [{ status: "failed", assertionResults: [] }], "0 1"],
  ["a file whose tests passed and whose cleaning up failed", [{ status: "failed", assertionResults: [{ status: "passed" }] }], "1 1"],
])("%s", (_, testResults, expected) => {
  const report = join(folder, "report.json");
  writeFileSync(report, JSON.stringify({ testResults }));
  const { stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "count-test-results.mjs"), report], { encoding: "utf8" });
  expect(stdout.trim()).toBe(expected);
  rmSync(report);
});

test("no report is an error, not zero tests", () => {
  expect(spawnSync(process.execPath, [join(import.meta.dirname, "count-test-results.mjs"), join(folder, "none.json")]).status).not.toBe(0);
  rmSync(folder, { recursive: true });
});
