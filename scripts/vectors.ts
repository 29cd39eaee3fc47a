/**
 * Asks our code every question that Airflow was asked in the recorded files, and compares the answers.
 *
 *   npm run vectors                  all recorded files
 *   npm run vectors -- FILE …        these files; the name says which questions are in it ("timetables.jsonl", "more-timetables.jsonl")
 *
 * Exits with 1 when an answer differs, or a file cannot be read.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { vectorSuites } from "../packages/core/src/vectors/index.ts";
import { runSuite, type VectorFailure, type VectorReport } from "../packages/core/src/vectors/run-suite.ts";

const RECORDED = join(import.meta.dirname, "../packages/core/test/vectors/data");
const SHOWN_FAILURES = 20;
const SHOWN_CHARACTERS = 2_000;

const paths = process.argv.slice(2);
let failed = false;
for (const path of paths.length > 0 ? paths : vectorSuites.map((suite) => join(RECORDED, suite.file))) {
  if (!runFile(path)) failed = true;
}
process.exitCode = failed ? 1 : 0;

function runFile(path: string): boolean {
  const suite = vectorSuites.find(({ file }) => basename(path).includes(basename(file, ".jsonl")));
  if (!suite) {
    console.error(
      `${path}: no suite for this name. The name must contain one of ${vectorSuites.map(({ file }) => basename(file, ".jsonl")).join(", ")}.`,
    );
    return false;
  }
  const text = readText(path);
  if (text === null) return false;
  const report = runSuite(suite, text);
  printReport(path, report);
  return report.failures.length === 0;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    console.error(`${path}: could not be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function printReport(path: string, { passed, failures }: VectorReport): void {
  for (const failure of failures.slice(0, SHOWN_FAILURES)) printFailure(path, failure);
  const hidden = failures.length - SHOWN_FAILURES;
  if (hidden > 0) console.log(`${path}: … and ${hidden} more failures`);
  console.log(`${basename(path)}: ${passed} passed, ${failures.length} failed`);
}

function printFailure(path: string, { line, text, verdict, error }: VectorFailure): void {
  console.log(`${path}:${line} failed`);
  console.log(`  case      ${shorten(text)}`);
  if (verdict) {
    console.log(`  got       ${shorten(JSON.stringify(verdict.got))}`);
    console.log(`  expected  ${shorten(JSON.stringify(verdict.expected))}`);
  } else {
    console.log(`  threw     ${shorten(error instanceof Error ? (error.stack ?? error.message) : String(error))}`);
  }
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}
