import { join } from "node:path";
import { expect, test } from "vitest";
import { askEngine } from "../src/recorded/engine-vectors.ts";
import { readLines, RECORDED_FOLDER, RUN_FILES } from "../src/recorded/read-cases.ts";

// A sample: `npm run vectors -- --engine` asks the engine everything.
test.for(RUN_FILES)("the real engine on PostgreSQL gives the recorded answers of %s (every tenth case)", { timeout: 120_000 }, async (file) => {
  const report = await askEngine(readLines(join(RECORDED_FOLDER, file)), 10);
  expect(report.failures).toEqual([]);
  expect(report.passed).toBeGreaterThan(20);
});
