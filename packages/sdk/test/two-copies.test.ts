import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { classifyError, collectDags, isDag, runTask, toSpec } from "../src/internal.ts";
import { MemoryRuntime } from "./memory-runtime.ts";

/** An author's project may have installed a copy of this package of its own; the loader and the runner use theirs. */
let directory: string;
let theirs: typeof import("../src/index.ts");

beforeAll(async () => {
  directory = mkdtempSync(join(import.meta.dirname, "../.second-copy-"));
  cpSync(join(import.meta.dirname, "../src"), directory, { recursive: true, filter: (path) => !path.includes(".test") });
  theirs = (await import(pathToFileURL(join(directory, "index.ts")).href)) as typeof theirs;
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("understands DAGs, contexts and errors of another copy of the package", async () => {
  const dag = new theirs.Dag("d", { schedule: theirs.cron("@daily") });
  const read = dag.task("read", async () => theirs.getContext().task.taskId)();
  const group = dag.taskGroup("g", () => dag.task("inner", async ({ from }: { from: string }) => from)({ from: read }));
  group.after(read);
  dag.task("skips", () => {
    throw new theirs.SkipTask("nothing to do");
  })();

  expect(isDag(dag)).toBe(true);
  const [collected] = collectDags({ dag });
  expect(toSpec(collected!).tasks.map(({ taskId, upstream }) => [taskId, upstream])).toEqual([
    ["read", []],
    ["g.inner", ["read"]],
    ["skips", []],
  ]);
  const runtime = new MemoryRuntime();
  expect(await runTask(collected!, "read", { inputs: {}, runtime })).toEqual({ result: '"t"' });
  const thrown = await runTask(collected!, "skips", { inputs: {}, runtime }).catch((error: unknown) => error);
  expect(classifyError(thrown)).toEqual({ kind: "skip", message: "nothing to do" });
});
