import type { EmbeddedPostgres } from "../embedded-postgres.ts";
import { brokerVariable, startBroker } from "./server-broker.ts";
import { dropTemplate, makeServerDirectory, prepareTemplate, removeDirectory, startTestServer, type TestServer } from "./test-server.ts";

/**
 * Vitest's global setup: one PostgreSQL for the whole run. It belongs to the main process and ends with it, even when that is killed.
 * `TRADEWIND_TEST_DATABASE_URL` names another server to use; its user must be allowed to create databases.
 */
export default async function setUp(): Promise<() => Promise<void>> {
  let starting: Promise<TestServer> | undefined;
  let postgres: EmbeddedPostgres | undefined;
  let directory: string | undefined;

  async function start(): Promise<TestServer> {
    const external = process.env["TRADEWIND_TEST_DATABASE_URL"];
    if (external) return prepareTemplate(external);
    directory = makeServerDirectory();
    const started = await startTestServer(directory);
    postgres = started.postgres;
    return started.server;
  }

  const broker = await startBroker(() => (starting ??= start()));
  return async () => {
    delete process.env[brokerVariable];
    broker.close();
    const server = await starting?.catch(() => undefined);
    if (server && !postgres) await dropTemplate(server);
    await postgres?.stop("immediate");
    if (directory) removeDirectory(directory);
  };
}
