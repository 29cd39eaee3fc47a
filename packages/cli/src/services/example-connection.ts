import { randomBytes } from "node:crypto";
import { createSideDatabase, transaction } from "@tradewind/metadata";
import { findConnectionRow, insertConnection, updateConnection } from "@tradewind/metadata/rest";
import type { Core } from "./core.ts";

const NAME = "examples";
const DATABASE = "tradewind_examples";

/**
 * Gives the example DAGs a database of their own on the embedded server, and the connection `examples` to it. Its role cannot open the metadata database. A connection that people have
 * pointed elsewhere stays; the port follows the server, which takes a free one at each start.
 */
export async function makeExampleConnection({ server, db, secrets }: Pick<Core, "server" | "db" | "secrets">): Promise<void> {
  const port = server.embedded!.port;
  const known = await findConnectionRow(db, { connectionId: NAME });
  if (known !== undefined) {
    if (known.login === DATABASE && known.host === "127.0.0.1" && known.port !== port) {
      await transaction(db, (tx) => updateConnection(tx, { ...known, port }));
    }
    return;
  }
  const password = randomBytes(18).toString("base64url");
  await createSideDatabase({ url: server.url, database: DATABASE, role: DATABASE, password });
  await transaction(db, (tx) =>
    insertConnection(tx, {
      connectionId: NAME,
      connType: "postgres",
      description: "A database for the example DAGs, on the embedded PostgreSQL.",
      host: "127.0.0.1",
      port,
      login: DATABASE,
      schema: DATABASE,
      password: secrets.fernet.encrypt(password),
      extra: null,
    }),
  );
}
