import { afterAll, beforeAll } from "vitest";
import { type Database, type DatabaseOptions, openDatabase, openHotDatabase } from "../database.ts";
import { askBroker, brokerVariable } from "./server-broker.ts";
import { makeServerDirectory, removeDirectory, startTestServer, type TestServer, urlOfDatabase, withAdmin } from "./test-server.ts";

/** An empty, migrated database of its own. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** A pool on it, opened when first asked for. */
  readonly db: Database;
  /** The hot pool on it, opened when first asked for. */
  readonly hot: Database;
  /** Further pools, as other processes would have; closed by `drop`. */
  open(options?: Partial<DatabaseOptions>): Database;
  /** Closes the pools and drops the database, whoever is still connected. */
  drop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Clones the template: some 20 ms. Whoever calls this drops it; `useTestDatabase` does both. */
export async function createTestDatabase(server?: TestServer): Promise<TestDatabase> {
  const { adminUrl, template, cloneOptions } = server ?? (await findTestServer());
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await withAdmin(adminUrl, (client) => client.query(`create database ${name} template ${template} ${cloneOptions}`));
  return new ClonedDatabase(adminUrl, name);
}

/**
 * One database for all tests of a file: made before the first, dropped after the last. To be called at the top of the file or of a `describe`; its
 * properties can be used inside tests and hooks only.
 */
export function useTestDatabase(): TestDatabase {
  let made: TestDatabase | undefined;
  beforeAll(async () => {
    made = await createTestDatabase();
  });
  afterAll(async () => {
    await made?.drop();
  });
  return new Proxy({} as TestDatabase, {
    get(_target, property) {
      if (!made) throw new Error("The test database exists only inside tests and hooks.");
      const value: unknown = Reflect.get(made, property, made);
      return typeof value === "function" ? value.bind(made) : value;
    },
  });
}

class ClonedDatabase implements TestDatabase {
  readonly url: string;
  readonly name: string;
  readonly #adminUrl: string;
  readonly #pools: Database[] = [];
  #db: Database | undefined;
  #hot: Database | undefined;

  constructor(adminUrl: string, name: string) {
    this.#adminUrl = adminUrl;
    this.name = name;
    this.url = urlOfDatabase(adminUrl, name);
  }

  get db(): Database {
    return (this.#db ??= this.open());
  }

  get hot(): Database {
    return (this.#hot ??= this.#keep(openHotDatabase({ url: this.url, applicationName: "test hot" })));
  }

  open(options: Partial<DatabaseOptions> = {}): Database {
    return this.#keep(openDatabase({ url: this.url, applicationName: "test", ...options }));
  }

  #keep(db: Database): Database {
    this.#pools.push(db);
    return db;
  }

  async drop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
    await withAdmin(this.#adminUrl, (client) => client.query(`drop database if exists ${this.name} with (force)`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}

let ownServer: Promise<TestServer> | undefined;

/** The server of the run, or, without Vitest's global setup, one of this process, which ends with it. */
async function findTestServer(): Promise<TestServer> {
  const port = process.env[brokerVariable];
  if (port) return askBroker(port);
  ownServer ??= startOwnServer();
  return ownServer;
}

async function startOwnServer(): Promise<TestServer> {
  const directory = makeServerDirectory();
  const { server, postgres } = await startTestServer(directory);
  process.once("exit", () => {
    process.kill(postgres.pid, "SIGQUIT");
    removeDirectory(directory);
  });
  return server;
}
