/**
 * Asks our code every question that Airflow was asked in the recorded files, and compares the answers.
 *
 *   npm run vectors                  all recorded files
 *   npm run vectors -- FILE …        these files; the name says which questions are in it ("timetables.jsonl", "more-timetables.jsonl")
 *   npm run vectors -- --engine …    whole runs through the real engine on PostgreSQL, instead of its decisions alone
 *
 * Exits with 1 when an answer differs, or a file cannot be read.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { RUN_FILES } from "../packages/modelcheck/src/recorded/read-cases.ts";
import { vectorSuites } from "../packages/core/src/vectors/index.ts";
import { runSuite, type VectorFailure, type VectorReport } from "../packages/core/src/vectors/run-suite.ts";

const RECORDED = join(import.meta.dirname, "../packages/core/test/vectors/data");
const SHOWN_FAILURES = 20;
const SHOWN_CHARACTERS = 2_000;

const [flags, paths] = [process.argv.slice(2).filter(isFlag), process.argv.slice(2).filter((argument) => !isFlag(argument))];
const onEngine = flags.includes("--engine");
const unknownFlag = flags.find((flag) => flag !== "--engine");
if (unknownFlag !== undefined) {
  console.error(`There is no option "${unknownFlag}"; known is --engine.`);
  process.exit(1);
}
const known = onEngine ? RUN_FILES : vectorSuites.map((suite) => suite.file);
let failed = false;
for (const path of paths.length > 0 ? paths : known.map((file) => join(RECORDED, file))) {
  if (!(onEngine ? await runFileOnEngine(path) : runFile(path))) failed = true;
}
process.exitCode = failed ? 1 : 0;

function isFlag(argument: string): boolean {
  return argument.startsWith("--");
}

async function runFileOnEngine(path: string): Promise<boolean> {
  if (!RUN_FILES.some((file) => basename(path).includes(basename(file, ".jsonl")))) {
    console.error(`${path}: only whole runs go through the engine. The name must contain one of ${RUN_FILES.join(", ")}, without the ending.`);
    return false;
  }
  const text = readText(path);
  if (text === null) return false;
  // Only here: the engine brings an embedded PostgreSQL along.
  const { askEngine } = await import("../packages/modelcheck/src/recorded/engine-vectors.ts");
  const report = await askEngine(text.split("\n"));
  printReport(path, report);
  return report.failures.length === 0;
}

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
