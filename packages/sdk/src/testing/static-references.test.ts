import { expect, it } from "vitest";
import { findReferences } from "./static-references.ts";

const names = (path: string, source: string) =>
  findReferences(path, source).map(({ kind, name, line, hasDefault }) => `${line} ${kind} ${name}${hasDefault ? " (default)" : ""}`);

it("finds variables and connections that a file names, where they stand", () => {
  const source = [
    'const region = await getClient().variables.get("region");',
    "// variables.get('in_a_comment')",
    '/* connections.get("in_another") */ const url = "http://variables.get";',
    'variables.getJson<{ a: Map<string, number> }>("limits", { default: {} });',
    "await connections\n  .get('warehouse');",
    'sql("q", { connection: "lake", sql: "select 1" });',
    'bash("b", { command: "echo {{ var.value.greeting }} {{ conn.api.host }}" });',
    "await getVariableOrThrow('flag');",
    "variables.get(name);",
  ].join("\n");
  expect(names("a.ts", source)).toEqual([
    "1 variable region",
    "4 variable limits (default)",
    "5 connection warehouse",
    "7 connection lake",
    "8 variable greeting",
    "8 connection api",
    "9 variable flag",
  ]);
});

it("reads YAML", () => {
  expect(names("a.dag.yaml", "tasks:\n  q:\n    connection: warehouse # connection: none\n    sql: select '{{ var.json.limits }}'\n")).toEqual([
    "3 connection warehouse",
    "4 variable limits",
  ]);
});
