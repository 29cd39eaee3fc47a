import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { processesOf } from "@tradewind/testkit";
import { expect, it, onTestFinished } from "vitest";

interface Half {
  error?: string;
  figures: Record<string, { median: number; runs: number }>;
  usage: Record<string, { statements: number }>;
}

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

it("a shape in small gives figures of a whole installation, keeps them in the results file, and leaves nothing behind", async () => {
  // Short: sockets have their place below it.
  const folder = mkdtempSync(join(tmpdir(), "tw-bench-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, "results.json");
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "three-step", "--size", "small", "--json", "--out", out], {
    env: { ...process.env, TMPDIR: folder },
    timeout: 150_000,
  });

  const told = JSON.parse(stdout) as { results: { name: string; tradewind: Half }[] };
  const [result] = told.results;
  expect(result!.name).toBe("three-step");
  expect(result!.tradewind.error).toBeUndefined();
  expect(result!.tradewind.figures["runMs"]).toMatchObject({ runs: 10 });
  expect(result!.tradewind.figures["batchRunsPerSecond"]!.median).toBeGreaterThan(0);
  expect(result!.tradewind.usage["the runs alone"]!.statements).toBeGreaterThan(30);
  expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(told);
  expect(processesOf(folder)).toEqual([]);
}, 180_000);
