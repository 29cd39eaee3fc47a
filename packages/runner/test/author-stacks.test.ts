import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDagLoader, stopBundler } from "@tradewind/loader";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { NEVER } from "../src/testing/index.ts";
import { startHost } from "./host-fixture.ts";

afterAll(stopBundler);

const FILES = {
  "team/sales.ts": `import { Dag } from "tradewind";
import { parseOrder } from "../lib/orders.ts";

interface Row {
  text: string;
}

export const dag = new Dag("d", {});
dag.task("load", async ({ row }: { row: Row }) => parseOrder(row.text))({ row: { text: "x" } });
dag.task("good", async () => 1)();
`,
  "lib/orders.ts": `/** Types leave nothing in the bundle. */
type Text = string;

export function parseOrder(text: Text): number {
  if (Number.isNaN(Number(text))) throw new TypeError(\`no number: \${text}\`);
  return Number(text);
}
`,
};

async function loadedBundle(): Promise<{ code: string; sourceMap: string; resolveFrom: string[] }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-stacks-")));
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  onTestFinished(async () => {
    await loader.stop();
    await rm(root, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const loaded = await loader.load({ path: join(root, "team/sales.ts"), root });
  if (!loaded.ok || loaded.bundle === null) throw new Error("The DAG file does not load.");
  return { ...loaded.bundle, resolveFrom: loaded.resolveFrom };
}

const stackOf = (attempt: Awaited<ReturnType<Awaited<ReturnType<typeof startHost>>["run"]>>) => {
  const { outcome } = attempt.finish!;
  return outcome.kind === "failed" ? outcome.failure.stack : undefined;
};

test("the stack of a failed task names the author's files and lines, in the report and in the log", async () => {
  const { code, sourceMap, resolveFrom } = await loadedBundle();
  const { peer, run } = await startHost("");
  const bundleSha256 = peer.addBundle(code);
  peer.bundleMaps.set(bundleSha256, sourceMap);
  const load = () => run("load", { bundleSha256, resolveFrom, inputs: { row: { text: "x" } } });
  const attempt = await load();
  const lines = stackOf(attempt)!.split("\n");
  expect(lines.slice(0, 2)).toEqual(["TypeError: no number: x", "    at parseOrder (lib/orders.ts:5:41)"]);
  expect(lines[2]).toMatch(/^ {4}at .*team\/sales\.ts:9:\d+\)?$/u);
  expect(stackOf(attempt)).not.toMatch(/file:|node:internal/u);
  expect(attempt.lines.at(-1)!.message).toBe(stackOf(attempt));
});

test("the map is asked for when a task has failed, and once for many failures", async () => {
  const { code, sourceMap, resolveFrom } = await loadedBundle();
  const { peer, run } = await startHost("");
  const bundleSha256 = peer.addBundle(code);
  peer.bundleMaps.set(bundleSha256, sourceMap);
  await run("good", { bundleSha256, resolveFrom });
  expect(peer.mapsAsked).toBe(0);
  const inputs = { row: { text: "x" } };
  const failed = await Promise.all([1, 2, 3, 4].map(() => run("load", { bundleSha256, resolveFrom, inputs })));
  expect(failed.map((attempt) => stackOf(attempt)?.includes("lib/orders.ts:5:41"))).toEqual([true, true, true, true]);
  expect(peer.mapsAsked).toBe(1);
});

test.each([
  ["there is no map", null],
  ["the map is damaged", "{"],
  ["the server does not answer", NEVER],
])("a failure is reported with the bundle's own stack when %s", async (_why, sourceMap) => {
  const { peer, run } = await startHost(`dag.task("bad", async () => { throw new Error("no"); })();\ndag.task("good", async () => 1)();`);
  const bundleSha256 = [...peer.bundles.keys()][0]!;
  if (sourceMap !== null) peer.bundleMaps.set(bundleSha256, sourceMap);
  // The process is free for others while the report waits.
  const [bad, good] = await Promise.all([run("bad"), run("good")]);
  expect(stackOf(bad)).toContain(`${bundleSha256}.mjs:3:`);
  expect(good.finish!.outcome).toMatchObject({ kind: "success" });
  expect(peer.mapsAsked).toBe(1);
});
