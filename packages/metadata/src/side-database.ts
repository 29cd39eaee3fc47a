import pg from "pg";
import { clientConfig } from "./connection-options.ts";

/**
 * Makes a database with a login role of its own on the embedded server, for author code to play with. The role cannot connect to the metadata database. When both are there already,
 * only the password is set.
 * @param options.url the metadata database, as superuser
 */
export async function createSideDatabase(options: { url: string; database: string; role: string; password: string }): Promise<void> {
  const { url, database, role, password } = options;
  const client = new pg.Client(clientConfig({ url, applicationName: "tradewind setup" }));
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query("select 1 from pg_roles where rolname = $1", [role]);
    const verb = rows.length === 0 ? "create" : "alter";
    await client.query(
      `${verb} role ${pg.escapeIdentifier(role)} login nosuperuser nocreatedb nocreaterole noinherit password ${pg.escapeLiteral(password)}`,
    );
    const known = await client.query("select 1 from pg_database where datname = $1", [database]);
    if (known.rows.length === 0) await client.query(`create database ${pg.escapeIdentifier(database)} owner ${pg.escapeIdentifier(role)}`);
    // By default every role may connect to every database.
    const own = new URL(url).pathname.slice(1);
    for (const name of [decodeURIComponent(own), "postgres", "template1"])
      await client.query(`revoke connect, temporary on database ${pg.escapeIdentifier(name)} from public`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
