import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDags } from "tradewind/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;

beforeAll(() => {
  // Inside the package, where "tradewind" and the loader are found as in an author's project.
  folder = mkdtempSync(join(import.meta.dirname, ".check-dags-"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "lib"));
  write(".tradewindignore", "lib/\n");
  write("lib/settings.ts", 'import { getClient } from "tradewind";\nexport const region = () => getClient().variables.get("region");\n');
  write(
    "good.ts",
    'import { Dag, getClient } from "tradewind";\nimport { region } from "./lib/settings.ts";\nexport const dag = new Dag("good");\ndag.task("t", async () => [await region(), await getClient().connections.get("warehouse")], { pool: "big" })();\n',
  );
  write("again.ts", 'import { Dag } from "tradewind";\nexport const dag = new Dag("good");\ndag.task("t", async () => 1)();\n');
  write("broken.ts", 'import { Dag } from "tradewind";\nexport const dag = new Dag("broken");\nthrow new Error("no luck");\n');
  write("unused.ts", 'import { Dag } from "tradewind";\nexport const dag = new Dag("unused");\ndag.task("forgotten", async () => 1);\n');
  write("exits.ts", 'import { Dag } from "tradewind";\nexport const dag = new Dag("exits");\nprocess.exit(3);\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every file is loaded as in an installation; what is wrong is told with its place", async () => {
  const report = await checkDags(folder, { pools: ["small"], connections: [], variables: [] });
  expect(report.files).toEqual(["again.ts", "broken.ts", "exits.ts", "good.ts", "unused.ts"]);
  expect(report.dagIds).toEqual(["good"]);
  expect(report.references).toEqual({ pools: ["big", "default_pool"], connections: ["warehouse"], variables: ["region"] });
  const told = report.problems.map(({ kind, file, line, name }) => ({ kind, file, line, name }));
  expect(told.sort((one, other) => (one.kind < other.kind ? -1 : 1))).toEqual([
    { kind: "duplicate_dag", file: "good.ts", line: null, name: null },
    { kind: "import_error", file: "broken.ts", line: 3, name: null },
    { kind: "import_error", file: "exits.ts", line: expect.toSatisfy((line: number | null) => line === null || line > 0) as null, name: null },
    { kind: "missing_connection", file: "good.ts", line: 4, name: "warehouse" },
    { kind: "missing_pool", file: "good.ts", line: null, name: "big" },
    { kind: "missing_variable", file: "lib/settings.ts", line: 2, name: "region" },
    { kind: "unused_task", file: "unused.ts", line: 3, name: null },
  ]);
});

test("what the installation has is not missing, and only what is known is checked", async () => {
  const known = await checkDags(join(folder, "good.ts"), { pools: ["big"], connections: ["warehouse"], variables: ["region"] });
  expect(known.problems).toEqual([]);
  expect((await checkDags(join(folder, "good.ts"))).problems).toEqual([]);
});

test("a folder that is not there, and a project without an installation, are errors", async () => {
  await expect(checkDags(join(folder, "nowhere"))).rejects.toThrow("could not read");
});
