import { createDagLoader, discoverDagFiles, stopBundler } from "@tradewind/loader";
import { afterAll, describe, expect, it } from "vitest";
import { EXAMPLES_FOLDER } from "../src/index.ts";

const loader = createDagLoader({ keepWarm: false });
afterAll(async () => {
  await loader.stop();
  await stopBundler();
});

const { files } = await discoverDagFiles(EXAMPLES_FOLDER);
const load = (path: string) => loader.load({ path, root: EXAMPLES_FOLDER });

describe("the examples", () => {
  it.each(files.map(({ relativePath, path }) => [relativePath, path]))(
    "%s loads as it does in an installation, without a warning",
    async (_name, path) => {
      const loaded = await load(path);
      if (!loaded.ok) throw new Error(`${loaded.error.message}\n${loaded.error.frame ?? ""}`);
      expect(loaded.warnings).toEqual([]);
    },
  );

  it("give at least six DAGs, each with an id of its own, a description, and the tag that sets them apart", async () => {
    const loads = await Promise.all(files.map(({ path }) => load(path)));
    const specs = loads.flatMap((loaded) => (loaded.ok ? loaded.dags.map(({ spec }) => spec) : []));
    expect(specs.length).toBeGreaterThanOrEqual(6);
    expect(new Set(specs.map(({ dagId }) => dagId)).size).toBe(specs.length);
    expect(specs.filter(({ description, tags }) => description === null || !tags.includes("example")).map(({ dagId }) => dagId)).toEqual([]);
  });
});
