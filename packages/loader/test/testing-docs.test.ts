import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");
const workspace = join(packageDirectory, "../..");
const page = readFileSync(join(workspace, "docs/testing-dags.md"), "utf8");
const files = [...page.matchAll(/^```ts\n\/\/ (?<path>\S+)\n(?<source>[^]*?)^```$/gmu)].map(({ groups }) => ({
  path: groups!.path!,
  source: groups!.source!,
}));
const bin = (name: string) => join(workspace, "node_modules/.bin", name);

let directory: string;

beforeAll(() => {
  // Inside the package, where "tradewind" and the loader are found as in an author's project.
  directory = mkdtempSync(join(packageDirectory, ".testing-docs-"));
  for (const { path, source } of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), source);
  }
  const compilerOptions = { typeRoots: [join(workspace, "node_modules/@types")] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.base.json", compilerOptions, include: ["**/*.ts"] }));
  writeFileSync(join(directory, "vitest.config.ts"), 'export default { test: { include: ["tests/*.test.ts"], testTimeout: 60000 } };\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a program among the files; what it printed is the message when it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, VITEST: undefined, NODE_TEST_CONTEXT: undefined };
  const ended = await promisify(execFile)(program, args, { cwd: directory, env }).catch((error: { stdout: string; stderr: string }) =>
    expect.unreachable(`${error.stdout}${error.stderr}`),
  );
  return `${ended.stdout}${ended.stderr}`;
}

it("compiles, every file of docs/testing-dags.md", async () => {
  expect(files.map(({ path }) => path)).toContain("dags/orders.ts");
  await run(bin("tsc"), "--noEmit", "-p", directory);
});

it("passes, all five patterns", async () => {
  expect(await run(bin("vitest"), "run")).toMatch(/Test Files +5 passed/);
});

it("passes with node:test", async () => {
  expect(await run(process.execPath, "--test", "tests/orders.node.ts")).toMatch(/pass 1\b/);
});
