import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { mapBundleStack, readSourceMap } from "../src/bundle-stack.ts";
import { createDagLoader, stopBundler } from "../src/index.ts";
import { type DagFolder, dagFolder } from "./dag-folder.ts";

const run = promisify(execFile);
afterAll(stopBundler);

const FILES = {
  "dags/team/sales.ts": `import { Dag } from "tradewind";
import { check } from "../../lib/check.ts";

/** An interface leaves nothing in the bundle. */
interface Order {
  id: number;
}
export const dag = new Dag("sales");
export function load(order: Order) {
  try {
    check(order.id);
  } catch (cause) {
    throw new Error("no load", { cause });
  }
}
`,
  "lib/check.ts": `export const check = (id: number): void => {
  if (id < 0) throw new RangeError("negative $& id");
};
`,
};

async function loaded(folder: DagFolder) {
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  onTestFinished(() => loader.stop());
  const result = await loader.load({ path: folder.path("dags/team/sales.ts"), root: folder.path("dags") });
  if (!result.ok || result.bundle === null) throw new Error("The file does not load.");
  return result.bundle;
}

/** The stack and its cause's, of a call in a process of its own. */
async function stackOf(folder: DagFolder, code: string): Promise<{ stack: string; bundleUrl: string }> {
  const path = join(folder.root, "bundle.mjs");
  await writeFile(path, code.replace('from "tradewind"', `from "${import.meta.resolve("tradewind")}"`));
  const bundleUrl = pathToFileURL(path).href;
  const program = `const { load } = await import(${JSON.stringify(bundleUrl)});
    try { load({ id: -1 }); } catch (error) { process.stdout.write(error.stack + "\\nCaused by: " + error.cause.stack); }`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  return { stack: stdout, bundleUrl };
}

describe("a stack of bundled code", () => {
  it("names the author's files, relative to the DAG folder, by the map that is stored with the bundle", async () => {
    const folder = await dagFolder(FILES);
    const { code, sourceMap } = await loaded(folder);
    const { stack, bundleUrl } = await stackOf(folder, code);
    expect(stack).toContain(bundleUrl);
    const mapped = mapBundleStack(stack, { bundleUrl, sourceMap: readSourceMap(sourceMap) });
    expect(mapped.place).toEqual({ source: "team/sales.ts", line: 13, column: 11 });
    expect(mapped.stack.split("\n").filter((line) => !line.includes("[eval"))).toEqual([
      "Error: no load",
      "    at load (team/sales.ts:13:11)",
      "Caused by: RangeError: negative $& id",
      "    at check (../lib/check.ts:2:21)",
      "    at load (team/sales.ts:11:5)",
    ]);
  });

  it("has the lines of the newest text when an edit changed comments only: the code, and so its hash, is the same", async () => {
    const folder = await dagFolder(FILES);
    const before = await loaded(folder);
    await folder.write({ "dags/team/sales.ts": `// one more line\n${FILES["dags/team/sales.ts"]}` });
    const after = await loaded(folder);
    expect(after.sha256).toBe(before.sha256);
    const { stack, bundleUrl } = await stackOf(folder, before.code);
    expect(mapBundleStack(stack, { bundleUrl, sourceMap: readSourceMap(after.sourceMap) }).place).toMatchObject({
      source: "team/sales.ts",
      line: 14,
    });
  });

  it.each([
    ["Node's module loader", "    at async ModuleJob.run (node:internal/modules/esm/module_job:343:25)", false],
    ["the runner", `    at async runHandler (${new URL("../../runner/src/child/run-attempt.ts", import.meta.url).href}:40:10)`, false],
    ["a copy of the SDK that the author installed", "    at call (file:///project/node_modules/tradewind/src/run-task.ts:1:2)", false],
    ["a package with a folder of the same name", "    at call (file:///project/node_modules/vendor/runner/src/index.js:1:2)", true],
    ["a module of Node that was called", "    at readFileSync (node:fs:440:20)", true],
    ["waiting for several promises", "    at async Promise.all (index 0)", true],
  ])("keeps a frame if it tells the author something: %s", async (_where, frame, kept) => {
    const sourceMap = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });
    const mapped = mapBundleStack(`Error: x\n${frame}`, { bundleUrl: "file:///bundle.mjs", sourceMap: readSourceMap(sourceMap) });
    expect(mapped.stack).toBe(kept ? `Error: x\n${frame}` : "Error: x");
  });
});
