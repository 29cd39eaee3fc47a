// Prints "PASSED FAILED" from vitest's JSON report. A file that could not be loaded has no tests in it and counts as one failure.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
let passed = 0;
let failed = 0;
for (const file of report.testResults) {
  const failures = file.assertionResults.filter((result) => result.status === "failed").length;
  passed += file.assertionResults.filter((result) => result.status === "passed").length;
  failed += failures === 0 && file.status === "failed" ? 1 : failures;
}
console.log(`${passed} ${failed}`);
