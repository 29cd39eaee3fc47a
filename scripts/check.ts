// Everything that can be checked without running the product: `npm run check`, or `npm run check -- lint types` for some of it.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const root = join(import.meta.dirname, "..");
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Step {
  name: string;
  command: [program: string, ...args: string[]];
  /** What to do when it fails. */
  advice: string;
}

const STEPS: readonly Step[] = [
  { name: "format", command: [bin("oxfmt"), "--check"], advice: "node_modules/.bin/oxfmt rewrites the files" },
  { name: "lint", command: [bin("oxlint"), "--type-aware", "--deny-warnings"], advice: "see .oxlintrc.json for the rules" },
  { name: "types", command: [bin("tsc"), "--noEmit", "-p", "tsconfig.json"], advice: "type tests (*.test-d.ts) are part of this" },
  {
    name: "ui types",
    command: [bin("tsc"), "--noEmit", "-p", "packages/ui/tsconfig.json"],
    advice: "pages are compiled for browsers, with types of their own",
  },
  {
    name: "boundaries",
    command: [process.execPath, "scripts/check-boundaries.ts"],
    advice: "see scripts/boundaries/rules.ts and docs/architecture.md",
  },
  { name: "undeclared", command: [bin("turbo"), "boundaries"], advice: "add the dependency to the package.json that imports it" },
  { name: "unused", command: [bin("knip"), "--no-progress", "--no-config-hints"], advice: "delete it, or say in knip.jsonc why it stays" },
  { name: "length", command: [process.execPath, "scripts/check-file-length.ts"], advice: "split the file by subject" },
];

interface Result {
  ok: boolean;
  output: string;
  seconds: number;
}

function run({ command: [program, ...args] }: Step): Promise<Result> {
  const startedAt = performance.now();
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", NO_COLOR: "1", FORCE_COLOR: undefined };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const finish = (ok: boolean) => resolve({ ok, output, seconds: (performance.now() - startedAt) / 1000 });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", (error) => {
      output += `${program} did not start: ${error.message}\n`;
      finish(false);
    });
    child.once("close", (code) => finish(code === 0));
  });
}

function select(names: readonly string[]): readonly Step[] {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`check: there is no step ${unknown.join(", ")}; known are ${STEPS.map((step) => step.name).join(", ")}`);
    process.exit(2);
  }
  return names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step.name));
}

const steps = select(process.argv.slice(2));
let failed = 0;
for (const step of steps) {
  const { ok, output, seconds } = await run(step);
  console.log(`${ok ? "ok  " : "FAIL"} ${step.name.padEnd(11)} ${seconds.toFixed(1).padStart(5)} s`);
  if (ok) continue;
  failed += 1;
  console.log(`${stripVTControlCharacters(output).trimEnd().replaceAll(/^/gm, "     ")}\n     → ${step.advice}`);
}
console.log(`${steps.length - failed} of ${steps.length} checks passed`);
process.exitCode = failed === 0 ? 0 : 1;
