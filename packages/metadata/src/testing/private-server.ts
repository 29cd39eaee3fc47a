import type { EmbeddedPostgres } from "../embedded-postgres.ts";
import { createTestDatabase, type TestDatabase } from "./test-database.ts";
import { makeServerDirectory, removeDirectory, startTestServer } from "./test-server.ts";

/** A server for one test that restarts or kills it. */
export interface PrivateServer {
  readonly postgres: EmbeddedPostgres;
  createDatabase(): Promise<TestDatabase>;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server of its own: about a second. Always embedded, also when `TRADEWIND_TEST_DATABASE_URL` is set. */
export async function startPrivateServer(): Promise<PrivateServer> {
  const directory = makeServerDirectory();
  const { postgres, server } = await startTestServer(directory);
  const stop = async (): Promise<void> => {
    await postgres.stop("immediate");
    removeDirectory(directory);
  };
  return { postgres, createDatabase: () => createTestDatabase(server), stop, [Symbol.asyncDispose]: stop };
}
