import { createTestDatabase } from "../src/testing/index.ts";
import { urlOfDatabase, withAdmin } from "../src/testing/test-server.ts";

/** A database without any table, on the server of the test run. */
export async function createEmptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const neighbour = await createTestDatabase();
  const adminUrl = urlOfDatabase(neighbour.url, "postgres");
  await neighbour.drop();
  const name = `${neighbour.name}_empty`;
  await withAdmin(adminUrl, (client) => client.query(`create database ${name}`));
  return {
    url: urlOfDatabase(adminUrl, name),
    drop: () => withAdmin(adminUrl, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  };
}
