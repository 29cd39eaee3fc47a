import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import type { Manifest } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What a browser fetches before it shows a page, gzipped. */
const BUDGET_BYTES = 300 * 1024;

const outDir = mkdtempSync(join(tmpdir(), "tw-ui-"));
let manifest: Manifest;

beforeAll(() => {
  const command = ["build", "--logLevel", "error", "--outDir", outDir, "--emptyOutDir", "--manifest", "manifest.json"];
  // As it is built to be served, not as for a test.
  execFileSync(process.execPath, [join(ROOT, "node_modules/vite/bin/vite.js"), ...command], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: "production" },
  });
  manifest = JSON.parse(readFileSync(join(outDir, "manifest.json"), "utf8")) as Manifest;
}, 120_000);
afterAll(() => rmSync(outDir, { recursive: true, force: true }));

/** The built files that come with a module: its own, those of what it imports, and styles; not what is imported on demand. */
function filesOf(...keys: string[]): Set<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const chunk = manifest[key]!;
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    keys.push(...(chunk.imports ?? []));
  }
  return files;
}

function gzippedBytes(files: Iterable<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(outDir, file))).length, 0);
}

it("shows the first page, the list of DAGs or the log-in for at most 300 KB", () => {
  expect(gzippedBytes(filesOf("index.html"))).toBeGreaterThan(100 * 1024);
  for (const page of ["src/home/home-page.tsx", "src/dags/dag-list/dag-list-page.tsx"]) {
    expect(gzippedBytes(filesOf("index.html", page)), page).toBeLessThanOrEqual(BUDGET_BYTES);
  }
});

it("comes in few files, each with its compressed forms: a browser makes six requests at a time", () => {
  const files = [...filesOf("index.html", "src/dags/dag-page.tsx", "src/dags/runs-tab.tsx")];
  expect(files.length).toBeLessThan(40);
  for (const file of files.filter((name) => statSync(join(outDir, name)).size > 10_000)) {
    const original = readFileSync(join(outDir, file));
    expect(gunzipSync(readFileSync(join(outDir, `${file}.gz`))).equals(original), file).toBe(true);
    expect(brotliDecompressSync(readFileSync(join(outDir, `${file}.br`))).equals(original), file).toBe(true);
  }
});

it("fetches the layout of graphs, the editor, markdown and every page but the log-in only when they are needed", () => {
  const first = readFileSync(join(outDir, "index.html"), "utf8");
  const onDemand = ["src/graph/graph-view.tsx", "src/code/code-view.tsx", "src/parts/markdown.tsx", ...pages()];
  expect(onDemand.length).toBeGreaterThan(15);
  const entry = filesOf("index.html");
  for (const key of onDemand) {
    const { file } = manifest[key]!;
    expect(entry.has(file) || first.includes(file), key).toBe(false);
  }
});

function pages(): string[] {
  return Object.keys(manifest).filter((key) => key.endsWith("-page.tsx"));
}
