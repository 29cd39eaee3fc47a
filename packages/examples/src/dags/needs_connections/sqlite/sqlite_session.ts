import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { SqlSession } from "tradewind/operators";

/** What SQL operators ask of a database, over one file of SQLite. Its parameters are `?1`, where operators write `$1`. */
export function openSqlite(path: string): SqlSession {
  const db = new DatabaseSync(path);
  const prepare = (text: string) => db.prepare(text.replaceAll(/\$(\d+)/g, "?$1"));
  return {
    driver: "sqlite",
    query: async (text, parameters) => {
      const rows = prepare(text).all(...(parameters as SQLInputValue[]));
      return { rows, rowCount: rows.length, command: null };
    },
    queryFirst: async (text, parameters) => {
      const row = prepare(text).get(...(parameters as SQLInputValue[]));
      return row && { columns: Object.keys(row), values: Object.values(row) };
    },
    begin: async () => db.exec("begin"),
    commit: async () => db.exec("commit"),
    rollback: async () => db.exec("rollback"),
    async *readBatches(text, parameters, { batchSize }) {
      const statement = prepare(text);
      const columns = statement.columns().map(({ name }) => name);
      const rows: unknown[][] = [];
      for (const row of statement.iterate(...(parameters as SQLInputValue[]))) {
        rows.push(Object.values(row));
        if (rows.length === batchSize) yield { columns, rows: rows.splice(0) };
      }
      if (rows.length > 0) yield { columns, rows };
    },
    insertRows: async (table, columns, rows) => {
      const statement = db.prepare(`insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`);
      for (const row of rows) statement.run(...(row as SQLInputValue[]));
      return rows.length;
    },
    close: async () => db.close(),
  };
}
