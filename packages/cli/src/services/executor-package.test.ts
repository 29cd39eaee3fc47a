import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadExecutorPackage } from "./executor-package.ts";

const EXECUTOR = `{ name, start() {}, submit() {}, cancel() {}, adopt() {}, capacity() {}, stop() {}, given: { name, options, home } }`;
const FILES = {
  // Only for import: what Node's require would not find.
  "node_modules/@acme/fargate/package.json": '{ "name": "@acme/fargate", "type": "module", "exports": { "import": "./lib/index.js" } }',
  "node_modules/@acme/fargate/lib/index.js": `export const createExecutor = async ({ name, options, home }) => (${EXECUTOR});`,
  "node_modules/old-style/package.json": '{ "name": "old-style", "main": "main.cjs" }',
  "node_modules/old-style/main.cjs": `module.exports = ({ name, options, home }) => (${EXECUTOR});`,
  "node_modules/broken/package.json": '{ "name": "broken", "main": "main.mjs" }',
  "node_modules/broken/main.mjs": 'import "not-installed-anywhere";',
  "executors/mine.ts": `type Name = string; export default ({ name, options, home }: { name: Name; options: object; home: string }) => (${EXECUTOR});`,
  "executors/half.ts": "export const createExecutor = ({ name }: { name: string }) => ({ name, start() {} });",
  "executors/throws.ts": 'export const createExecutor = () => { throw new Error("options.region is missing"); };',
  "executors/none.ts": "export class Executor {}",
};

let projectFolder = "";
beforeAll(() => {
  projectFolder = mkdtempSync(join(tmpdir(), "executor-package-"));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(projectFolder, path)), { recursive: true });
    writeFileSync(join(projectFolder, path), text);
  }
});
afterAll(() => rmSync(projectFolder, { recursive: true, force: true }));

const load = (from: string, options = {}) => loadExecutorPackage({ name: "mine", package: from, options }, { home: "/home", projectFolder });

describe("executors of the project", () => {
  test.each(["@acme/fargate", "old-style", "./executors/mine.ts"])("%s", async (from) => {
    expect(await load(from, { region: "eu" })).toMatchObject({ name: "mine", given: { name: "mine", options: { region: "eu" }, home: "/home" } });
  });

  test.each([
    ["bulmq", 'There is no executor "bulmq": no package of that name is found from'],
    ["bulmq", 'Tradewind itself has local and bullmq; did you mean "bullmq"?'],
    ["./executors/other.ts", "no such file is found from"],
    ["broken", "The executor \"broken\" cannot be loaded: Cannot find package 'not-installed-anywhere'"],
    [
      "./executors/half.ts",
      'The executor "mine" cannot be used: The executor of "./executors/half.ts" lacks submit(), cancel(), adopt(), capacity(), stop().',
    ],
    ["./executors/throws.ts", 'The executor "mine" cannot be used: options.region is missing'],
    ["./executors/none.ts", "it exports Executor, and must export a function createExecutor"],
  ])("%s is refused: %s", async (from, message) => {
    await expect(load(from)).rejects.toThrow(message);
  });
});
