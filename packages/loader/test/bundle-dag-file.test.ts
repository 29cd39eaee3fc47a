import { symlink } from "node:fs/promises";
import { expect, afterAll, describe, it } from "vitest";
import { bundleDagFile, checkFingerprints, stopBundler } from "../src/index.ts";
import { dagFolder } from "./dag-folder.ts";

afterAll(stopBundler);

const PROJECT = {
  "team/sales.ts": `import { Dag } from "tradewind";
import { rows } from "../lib/rows.ts";
import query from "./sales.sql";
import settings from "./settings.yaml";
import table from "./table.json";
import notes from "./notes.md";
import raw from "./raw.csv" with { type: "text" };
export const dag = new Dag("sales");
dag.task("load", async function load() { return [rows(), query, settings, table, notes, raw]; })();
`,
  "lib/rows.ts": `function load() { return 1; }\nexport const rows = (): number => load();\n`,
  "team/sales.sql": "select 'ü'\n",
  "team/settings.yaml": "regions:\n  - north\n  - south\nlimit: 3\n",
  "team/table.json": `{ "name": "sales" }`,
  "team/notes.md": "# Notes\n",
  "team/raw.csv": "a,b\n",
};

async function bundle(folder: { root: string; path(name: string): string }, name: string) {
  return bundleDagFile({ path: folder.path(name), root: folder.root });
}

describe("bundleDagFile", () => {
  it("makes one module: relative imports in, packages left out, text and data as content", async () => {
    const result = await bundle(await dagFolder(PROJECT), "team/sales.ts");
    if (!result.ok) throw new Error(result.error.message);
    const { code, externals } = result.bundle;
    expect(code).toContain(`import { Dag } from "tradewind"`);
    expect(code).toContain("select 'ü'");
    expect(code).toContain(`"north", "south"`);
    expect(code).toContain(`"a,b\\n"`);
    expect(externals.map((one) => one.specifier)).toEqual(["tradewind"]);
    expect(result.sourceText).toBe(PROJECT["team/sales.ts"]);
  });

  it("gives the same bytes for the same sources, in whatever folder they lie", async () => {
    const first = await bundle(await dagFolder(PROJECT), "team/sales.ts");
    const second = await bundle(
      await dagFolder({ ...PROJECT, "tsconfig.json": `{"compilerOptions":{"target":"es5"}}` }, "elsewhere-"),
      "team/sales.ts",
    );
    if (!first.ok || !second.ok) throw new Error("does not bundle");
    expect(second.bundle.code).toBe(first.bundle.code);
    expect(second.bundle.sha256).toBe(first.bundle.sha256);
    expect(second.bundle.sourceMap).toBe(first.bundle.sourceMap);
    expect(first.bundle.code + first.bundle.sourceMap).not.toMatch(/tmp|tradewind-dags-/u);
  });

  it("gives the same bytes when only comments and line breaks change", async () => {
    const folder = await dagFolder(PROJECT);
    const before = await bundle(folder, "team/sales.ts");
    await folder.write({ "team/sales.ts": `// a comment\n\n${PROJECT["team/sales.ts"]}` });
    const after = await bundle(folder, "team/sales.ts");
    if (!before.ok || !after.ok) throw new Error("does not bundle");
    expect(after.bundle.sha256).toBe(before.bundle.sha256);
  });

  it("keeps the names of handlers, since they may be task ids", async () => {
    const result = await bundle(await dagFolder(PROJECT), "team/sales.ts");
    if (!result.ok) throw new Error(result.error.message);
    expect(result.bundle.code).toContain(`"load"`);
    expect(result.bundle.code).toMatch(/__name\(\w+, "load"\)/u);
  });

  it("depends on every file it read, and notices a change in each", async () => {
    const folder = await dagFolder(PROJECT);
    const { inputs } = await bundle(folder, "team/sales.ts");
    expect(inputs.map((input) => input.path).sort()).toEqual(Object.keys(PROJECT).map(folder.path).sort());
    expect(await checkFingerprints(inputs)).toMatchObject({ unchanged: true });
    // The same size, at once: only the content tells.
    await folder.write({ "team/sales.sql": "select 'ö'\n" });
    expect(await checkFingerprints(inputs)).toEqual({ unchanged: false, changedPath: folder.path("team/sales.sql") });
  });

  it("knows a link's target and the link itself as inputs", async () => {
    const folder = await dagFolder({ "store/v1/dag.ts": "export const dag = 1;\n" });
    await symlink(folder.path("store/v1/dag.ts"), folder.path("dag.ts"));
    const { inputs } = await bundle(folder, "dag.ts");
    expect(inputs.map((input) => input.path)).toEqual([folder.path("dag.ts"), folder.path("store/v1/dag.ts")]);
  });

  it.each<[string, Record<string, string>, { kind: string; file: string; line: number; column?: number }]>([
    ["TypeScript", { "a.ts": "const a = 1;\nconst b: = 2;\n" }, { kind: "syntax", file: "a.ts", line: 2, column: 10 }],
    ["an imported file", { "a.ts": `import "./lib/b.ts";\n`, "lib/b.ts": "\n\nlet 1x;\n" }, { kind: "syntax", file: "lib/b.ts", line: 3, column: 6 }],
    ["JSON", { "a.ts": `import x from "./x.json";\nconsole.log(x);\n`, "x.json": `{ "a": }` }, { kind: "syntax", file: "x.json", line: 1 }],
    [
      "YAML",
      { "a.ts": `import x from "./x.yaml";\nconsole.log(x);\n`, "x.yaml": "a: 1\nb: [1, 2\nc: 3\n" },
      { kind: "syntax", file: "x.yaml", line: 3 },
    ],
    [
      "a missing file",
      { "a.ts": `import { b } from "./b.ts";\nconsole.log(b);\n` },
      { kind: "unresolved_import", file: "a.ts", line: 1, column: 19 },
    ],
    [
      "a kind of file that has no content",
      { "a.ts": `import p from "./p.png";\nconsole.log(p);\n`, "p.png": "x" },
      { kind: "unresolved_import", file: "a.ts", line: 1 },
    ],
  ])("points at the line in %s", async (_what, files, place) => {
    const result = await bundle(await dagFolder(files), "a.ts");
    if (result.ok) throw new Error("bundles");
    expect(result.error).toMatchObject(place);
    expect(result.error.frame).toMatch(new RegExp(`^> +${place.line} \\|`, "mu"));
  });

  it("notices that a missing import has appeared", async () => {
    const folder = await dagFolder({ "a.ts": `import { b } from "./b.ts";\nexport default b;\n` });
    const { inputs } = await bundle(folder, "a.ts");
    expect(await checkFingerprints(inputs)).toMatchObject({ unchanged: true });
    await folder.write({ "b.ts": "export const b = 1;\n" });
    expect(await checkFingerprints(inputs)).toEqual({ unchanged: false, changedPath: folder.path("b.ts") });
  });

  it("refuses a bundle that is too large, and says so of a file that is gone", async () => {
    const folder = await dagFolder({ "a.ts": `import x from "./x.txt";\nexport default x;\n`, "x.txt": "x".repeat(5000) });
    expect(await bundleDagFile({ path: folder.path("a.ts"), root: folder.root, maxBundleBytes: 1000 })).toMatchObject({
      ok: false,
      error: { kind: "too_large" },
    });
    expect(await bundle(folder, "gone.ts")).toMatchObject({ ok: false, error: { kind: "unreadable", file: "gone.ts" } });
  });

  it("warns about files that look for themselves on disk", async () => {
    const result = await bundle(await dagFolder({ "a.ts": `\nexport const here = import.meta.dirname;\n` }), "a.ts");
    expect(result).toMatchObject({ ok: true, bundle: { warnings: [{ kind: "import_meta", message: expect.stringContaining("a.ts:2") as string }] } });
  });

  it("goes on after its esbuild process was stopped", async () => {
    const folder = await dagFolder(PROJECT);
    await bundle(folder, "team/sales.ts");
    await stopBundler();
    expect(await bundle(folder, "team/sales.ts")).toMatchObject({ ok: true });
  });
});
