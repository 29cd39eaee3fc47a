import { createHash } from "node:crypto";
import { canonicalJson } from "@tradewind/core";
import { findBundleMap } from "@tradewind/metadata";
import { findDagSource } from "@tradewind/metadata/rest";
import { useTestDatabase } from "@tradewind/metadata/testing";
import { describe, expect, test } from "vitest";
import { dagFileUseCases } from "../src/dag-files/dag-file-use-cases.ts";
import type { LoadedDagFile } from "../src/engine.ts";
import { dagSpec } from "./fixture.ts";

const database = useTestDatabase();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const engine = () =>
  dagFileUseCases({ db: database.db, now: () => new Date("2026-01-01T00:00:00Z"), wake() {}, noteChanges() {}, dagsArePausedAtCreation: false });

function dagFile(relativePath: string, dagId: string, content: { code: string; source: string; sourceMap: string | null }): LoadedDagFile {
  const spec = dagSpec(dagId, []);
  const specJson = canonicalJson(spec);
  return {
    bundleName: "dags",
    relativePath,
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: ["/dags"],
    result: {
      ok: true,
      bundle: { sha256: sha256(content.code), code: content.code, sourceMap: content.sourceMap },
      source: content.source,
      dags: [{ dagId, exportName: "dag", spec, specJson, specSha256: sha256(specJson) }],
    },
  };
}

const sourceOf = async (dagId: string, versionNumber: number) => (await findDagSource(database.db, { dagId, versionNumber }))?.source;
const mapOf = (code: string) => findBundleMap(database.db, { sha256: sha256(code) });

describe("the source map of a bundle and the text of a version", () => {
  test("follow an edit that changed comments only, without a new version", async () => {
    const first = { code: "a1", source: "a();", sourceMap: "map of a();" };
    expect(await engine().recordDagFile(dagFile("a.ts", "a", first))).toMatchObject({ changed: [{ dagId: "a", versionNumber: 1 }] });
    expect([await sourceOf("a", 1), await mapOf("a1")]).toEqual(["a();", "map of a();"]);
    const commented = { code: "a1", source: "// why\na();", sourceMap: "map of // why a();" };
    expect(await engine().recordDagFile(dagFile("a.ts", "a", commented))).toMatchObject({ changed: [], unchanged: ["a"] });
    expect([await sourceOf("a", 1), await mapOf("a1")]).toEqual(["// why\na();", "map of // why a();"]);
  });

  test("of other code stay: a run of an old version shows the lines it ran", async () => {
    await engine().recordDagFile(dagFile("b.ts", "b", { code: "b1", source: "one", sourceMap: "map one" }));
    await engine().recordDagFile(dagFile("b.ts", "b", { code: "b2", source: "two", sourceMap: "map two" }));
    await engine().recordDagFile(dagFile("b.ts", "b", { code: "b2", source: "// two\ntwo", sourceMap: "map // two" }));
    expect([await sourceOf("b", 1), await mapOf("b1")]).toEqual(["one", "map one"]);
    expect([await sourceOf("b", 2), await mapOf("b2")]).toEqual(["// two\ntwo", "map // two"]);
  });

  test("are those of all versions with that code, after a change was taken back", async () => {
    await engine().recordDagFile(dagFile("c.ts", "c", { code: "c1", source: "one", sourceMap: "map one" }));
    await engine().recordDagFile(dagFile("c.ts", "c", { code: "c2", source: "two", sourceMap: "map two" }));
    const back = { code: "c1", source: "// again\none", sourceMap: "map // again" };
    expect(await engine().recordDagFile(dagFile("c.ts", "c", back))).toMatchObject({ changed: [{ dagId: "c", versionNumber: 3 }] });
    expect([await sourceOf("c", 1), await sourceOf("c", 3), await mapOf("c1")]).toEqual(["// again\none", "// again\none", "map // again"]);
  });

  test("do not follow a copy of the file that was refused its DAG", async () => {
    await engine().recordDagFile(dagFile("d.ts", "d", { code: "d1", source: "one", sourceMap: "d.ts" }));
    const copy = dagFile("copy.ts", "d", { code: "d1", source: "// copy\none", sourceMap: "copy.ts" });
    expect(await engine().recordDagFile(copy)).toMatchObject({ rejected: [{ dagId: "d" }] });
    expect([await sourceOf("d", 1), await mapOf("d1")]).toEqual(["one", "d.ts"]);
  });

  test("a map that was never made does not take away one that was", async () => {
    await engine().recordDagFile(dagFile("e.ts", "e", { code: "e1", source: "one", sourceMap: "map" }));
    await engine().recordDagFile(dagFile("e.ts", "e", { code: "e1", source: "one", sourceMap: null }));
    expect(await mapOf("e1")).toBe("map");
    expect(await mapOf("unknown")).toBeNull();
  });
});
