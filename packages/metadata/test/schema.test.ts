import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run } from "../src/database-handle.ts";
import { dumpSchema, schemaFileHeader } from "../src/schema-dump.ts";
import { createTestDatabase, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();
const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

describe("schema.sql", () => {
  test("is what the migrations make; if not, run node packages/metadata/src/write-schema.ts", async () => {
    expect(read("schema.sql")).toBe(schemaFileHeader + (await dumpSchema(database.db)));
  });

  test.each([
    ["a column", "alter table pool add column extra text"],
    ["a default", "alter table pool alter column include_deferred set default true"],
    ["nullability", "alter table pool alter column description set not null"],
    ["an index", "create index extra_index on pool (slots)"],
    ["a constraint", "alter table pool add constraint extra_check check (slots < 1000000)"],
    ["a storage parameter", "alter table dag_run set (fillfactor = 71)"],
    ["a function", "create function extra() returns integer language sql as 'select 1'"],
    ["a sequence", "create sequence extra_seq"],
    ["a view", "create view extra_view as select 1 as one"],
    ["a type", "create type extra_type as enum ('a')"],
  ])("a dump shows %s", async (_what, statement) => {
    await using other = await createTestDatabase();
    const before = await dumpSchema(other.db);
    if (statement.includes("not null")) await run(other.db, { text: "delete from pool" });
    await run(other.db, { text: statement });
    expect(await dumpSchema(other.db)).not.toBe(before);
  });
});

describe("schema-types.ts", () => {
  interface ColumnFact {
    type: string;
    isNullable: boolean;
    written: "always generated" | "optional" | "required";
  }

  const scalar: Readonly<Record<string, string>> = {
    bool: "boolean", float8: "number", int4: "number", int8: "number", json: "Json", jsonb: "Json", text: "string", timestamptz: "Timestamp", uuid: "string",
    _text: "string[]", _int4: "number[]", _int8: "number[]",
  }; // prettier-ignore

  /** A column whose values are a closed set may name them instead of saying `string`. */
  function isNamedString(type: string): boolean {
    return ["DagRunType", "DagRunState", "TaskInstanceState"].includes(type) || type.startsWith('"');
  }

  function parseTypes(source: string): Record<string, Record<string, ColumnFact>> {
    const [, list = ""] = /interface Tables \{\n([^}]*)\}/.exec(source) ?? [];
    const tables = [...list.matchAll(/^ {2}(\w+): (\w+);$/gm)].map(([, table = "", name = ""]) => {
      const [, body = ""] = new RegExp(`interface ${name} \\{\\n([^}]*)\\}`).exec(source) ?? [];
      return [
        table,
        Object.fromEntries([...body.matchAll(/^ {2}(\w+): (.+);$/gm)].map(([, column = "", type = ""]) => [column, parseType(type)])),
      ] as const;
    });
    return Object.fromEntries(tables);
  }

  function parseType(text: string): ColumnFact {
    const [, wrapper = "", wrapped = text] = /^(Generated|GeneratedAlways)<(.*)>$/.exec(text) ?? [];
    const isNullable = wrapped.endsWith(" | null");
    const type = isNullable ? wrapped.slice(0, -" | null".length) : wrapped;
    const written = wrapper === "GeneratedAlways" ? "always generated" : wrapper === "Generated" ? "optional" : "required";
    return { type: isNamedString(type) ? "string" : type, isNullable, written };
  }

  async function readCatalog(): Promise<Record<string, Record<string, ColumnFact>>> {
    const rows = await run<{ table: string; column: string; udt: string; nullable: boolean; generated: boolean; optional: boolean }>(database.db, {
      text: `select table_name as table, column_name as column, udt_name as udt, is_nullable = 'YES' as nullable, is_identity = 'YES' or is_generated = 'ALWAYS' as generated,
        column_default is not null as optional
        from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`,
    });
    return Object.fromEntries(
      [...Map.groupBy(rows, (row) => row.table)].map(([table, columns]) => [
        table,
        Object.fromEntries(
          columns.map(({ column, udt, nullable, generated, optional }) => [
            column,
            {
              type: scalar[udt] ?? udt,
              isNullable: nullable,
              written: generated ? "always generated" : optional ? "optional" : "required",
            } satisfies ColumnFact,
          ]),
        ),
      ]),
    );
  }

  test("agrees with the catalog: tables, columns, types, nullability, defaults", async () => {
    expect(parseTypes(read("src/schema-types.ts") + read("src/user-tables.ts"))).toEqual(await readCatalog());
  });
});
