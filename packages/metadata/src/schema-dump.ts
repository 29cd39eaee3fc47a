import { type Queryable, run } from "./database-handle.ts";

export const schemaFileHeader = "-- What the migrations make, read from the catalog. Written by src/write-schema.ts; do not edit.\n\n";

/**
 * The schema as text, read from the catalog: what the migrations really made. The same schema gives the same text, so a committed dump shows in a review
 * what a migration changes, and a test notices one that was not recorded. Sorted by name, not by creation: a schema reached in other steps reads the same.
 */
export async function dumpSchema(handle: Queryable): Promise<string> {
  const sections = [await dumpSequences(handle), await dumpFunctions(handle), ...(await dumpTables(handle)), await dumpOthers(handle)];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

interface Column {
  table_name: string;
  column_name: string;
  type: string;
  not_null: boolean;
  identity: "" | "a" | "d";
  generated: "" | "s" | "v";
  default_value: string | null;
  compression: string;
  storage: string | null;
}

async function dumpTables(handle: Queryable): Promise<string[]> {
  const tables = await run<{ name: string; options: string[] | null }>(handle, {
    text: `select relname as name, reloptions as options from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') order by relname collate "C"`,
  });
  const columns = groupByTable(await readColumns(handle));
  const constraints = groupByTable(await readConstraints(handle));
  const indexes = groupByTable(await readIndexes(handle));
  return tables.map(({ name, options }) => {
    const lines = [...(columns.get(name) ?? []).map(columnLine), ...(constraints.get(name) ?? []).map((constraint) => constraint.definition)];
    const suffix = options ? ` with (${options.toSorted().join(", ")})` : "";
    const table = `create table ${name} (\n${lines.map((line) => `  ${line}`).join(",\n")}\n)${suffix};`;
    return [table, ...(indexes.get(name) ?? []).map((index) => `${index.definition};`)].join("\n");
  });
}

function columnLine(column: Column): string {
  const words = [quoteIfNeeded(column.column_name), column.type];
  if (column.identity !== "") words.push(`generated ${column.identity === "a" ? "always" : "by default"} as identity`);
  if (column.generated !== "") words.push(`generated always as (${column.default_value}) ${column.generated === "s" ? "stored" : "virtual"}`);
  else if (column.default_value !== null) words.push(`default ${column.default_value}`);
  if (column.not_null) words.push("not null");
  if (column.compression !== "") words.push(`compression ${column.compression === "p" ? "pglz" : "lz4"}`);
  if (column.storage !== null) words.push(`storage ${column.storage}`);
  return words.join(" ");
}

function readColumns(handle: Queryable): Promise<Column[]> {
  return run<Column>(handle, {
    text: `select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
        a.attidentity as identity, a.attgenerated as generated, pg_get_expr(d.adbin, d.adrelid) as default_value, a.attcompression as compression,
        case when a.attstorage <> t.typstorage then a.attstorage::text end as storage
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_type t on t.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
      order by c.relname collate "C", a.attnum`,
  });
}

/** Not null has a constraint of its own since PostgreSQL 18; it is in the column's line already. */
function readConstraints(handle: Queryable): Promise<{ table_name: string; definition: string }[]> {
  return run(handle, {
    text: `select c.relname as table_name, format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where c.relnamespace = current_schema()::regnamespace and k.contype <> 'n'
      order by c.relname collate "C", position(k.contype in 'pufcx'), k.conname collate "C"`,
  });
}

/** Those of constraints are named by the constraint. An index left invalid by a failed concurrent build is marked. */
function readIndexes(handle: Queryable): Promise<{ table_name: string; definition: string }[]> {
  return run(handle, {
    text: `select t.relname as table_name,
        replace(pg_get_indexdef(i.indexrelid), format(' ON %I.', current_schema()), ' ON ') || case when i.indisvalid then '' else ' -- INVALID' end as definition
      from pg_index i join pg_class t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
      where t.relnamespace = current_schema()::regnamespace
        and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
      order by t.relname collate "C", x.relname collate "C"`,
  });
}

/** Sequences of their own; those behind identity columns are part of the column. */
async function dumpSequences(handle: Queryable): Promise<string> {
  const rows = await run<{ definition: string }>(handle, {
    text: `select format('create sequence %I as %s increment %s start %s cache %s;', c.relname, format_type(s.seqtypid, null), s.seqincrement, s.seqstart, s.seqcache)
        as definition
      from pg_sequence s join pg_class c on c.oid = s.seqrelid
      where c.relnamespace = current_schema()::regnamespace
        and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i')
      order by c.relname collate "C"`,
  });
  return rows.map((row) => row.definition).join("\n");
}

async function dumpFunctions(handle: Queryable): Promise<string> {
  const rows = await run<{ definition: string }>(handle, {
    text: `select pg_get_functiondef(p.oid) as definition from pg_proc p
      where p.pronamespace = current_schema()::regnamespace and p.prokind in ('f', 'p')
      order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`,
  });
  return rows.map((row) => `${row.definition.trim()};`).join("\n\n");
}

/** Views, triggers and enumerated types. */
async function dumpOthers(handle: Queryable): Promise<string> {
  const rows = await run<{ definition: string }>(handle, {
    text: `select definition from (
        select 1 as rank, relname as name, format(E'create %s %I as\\n%s', case relkind when 'v' then 'view' else 'materialized view' end, relname, pg_get_viewdef(oid))
          as definition
        from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('v', 'm')
        union all
        select 2, tgname, pg_get_triggerdef(g.oid) || ';' from pg_trigger g join pg_class c on c.oid = g.tgrelid
        where c.relnamespace = current_schema()::regnamespace and not tgisinternal
        union all
        select 0, typname, format('create type %I as enum (%s);', typname, (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder)
          from pg_enum e where e.enumtypid = t.oid))
        from pg_type t where typnamespace = current_schema()::regnamespace and typtype = 'e'
      ) parts order by rank, name collate "C"`,
  });
  return rows.map((row) => row.definition).join("\n\n");
}

function groupByTable<Row extends { table_name: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => row.table_name);
}

function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && name !== "when" ? name : `"${name}"`;
}
