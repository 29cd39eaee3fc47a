import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeHome, runCli } from "./cli-process.ts";

const GOOD = `
import { Dag, getClient } from "tradewind";
export const dag = new Dag("orders");
dag.task("read", async () => getClient().variables.get("region"), { pool: "warehouse" })();
`;

function folderWith(files: Record<string, string>): { home: string; folder: string } {
  const home = makeHome();
  const folder = join(home, "dags");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { home, folder };
}

test("a folder in which nothing is wrong", async () => {
  const { home, folder } = folderWith({ "orders.ts": GOOD });
  const { code, stdout, stderr } = await runCli(["dags", "check", folder, "--pools", "warehouse", "--variables", "region"], { home });
  expect(`${stdout}${stderr}`).toContain("1 DAG in 1 file, nothing wrong.");
  expect(code).toBe(0);
});

test("what does not load, and names that the installation does not have, with file and line; exit code 1", async () => {
  const { home, folder } = folderWith({ "orders.ts": GOOD, "torn.ts": "export const dag = 1;\nthrow new Error('torn');\n" });
  const names = ["--pools", "other", "--variables", "else"];
  const { code, stdout } = await runCli(["dags", "check", folder, ...names, "--output", "json"], { home });
  expect(code).toBe(1);
  const { problems } = JSON.parse(stdout) as { problems: { kind: string; file: string; line: number | null; name: string | null }[] };
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: "import_error", file: "torn.ts", line: 2 }),
      expect.objectContaining({ kind: "missing_pool", file: "orders.ts", name: "warehouse" }),
      expect.objectContaining({ kind: "missing_variable", file: "orders.ts", name: "region" }),
    ]),
  );
});

test("a folder that is not there", async () => {
  const { code, stderr } = await runCli(["dags", "check", "nowhere"], { home: makeHome() });
  expect(code).toBe(5);
  expect(stderr).toContain('no folder or file "nowhere"');
});
