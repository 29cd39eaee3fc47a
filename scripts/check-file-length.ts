// A file this long has a second subject inside: `node scripts/check-file-length.ts [ROOT]`. Exit code 1 when one is too long without a reason.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const MOST_LINES = 450;
/** Tables of cases are long and still read from top to bottom. */
const MOST_TEST_LINES = 800;

/** What a program wrote (`*.gen.ts`) is as long as it is. Longer all the same, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const root = resolve(process.argv[2] ?? new URL("..", import.meta.url).pathname);

function* sources(directory: string): Generator<string> {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "dist") yield* sources(path);
    else if (entry.isFile() && /\.(tsx?|mts|m?js)$/.test(entry.name) && !entry.name.endsWith(".gen.ts")) yield path;
  }
}

const problems: string[] = [];
const seen = new Set<string>();
let count = 0;
for (const path of ["packages", "scripts", "e2e"].flatMap((part) => [...sources(join(root, part))])) {
  count += 1;
  const name = relative(root, path);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").length;
  const most = /\.(test|test-d)\.tsx?$/.test(name) ? MOST_TEST_LINES : MOST_LINES;
  if (lines <= most) continue;
  seen.add(name);
  if (LONG_FILES[name] === undefined)
    problems.push(`${name} has ${lines} lines, more than ${most}: look for the second subject inside, or give a reason here`);
}
for (const name of Object.keys(LONG_FILES)) if (!seen.has(name)) problems.push(`${name} is listed as long and is not any more: take it off the list`);
for (const problem of problems) console.log(problem);
console.log(`${count} files: ${problems.length} problems`);
if (problems.length > 0 || count === 0) process.exitCode = 1;
