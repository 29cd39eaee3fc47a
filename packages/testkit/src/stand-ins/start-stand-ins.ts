import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MailServer } from "./mail-server.ts";
import { type PodmanService, startPodman } from "./podman.ts";
import { S3Server } from "./s3-server.ts";
import { ShopServer } from "./shop-server.ts";

/** A connection as tests and settings files give it: what is left out is null. */
export interface StandInConnection {
  connType: string;
  host?: string;
  port?: number;
  login?: string;
  password?: string;
  schema?: string;
  extra?: Record<string, string | number | boolean>;
}

export interface StandIns {
  /** By id, as the example DAGs name them. */
  connections: Record<string, StandInConnection>;
  shop: ShopServer;
  mail: MailServer;
  lake: S3Server;
  /** What files are kept in: SQLite's, and what the partner gets. */
  folder: string;
  /** undefined, with the reason in `noPodman`: no container can be run here. */
  podman: PodmanService | undefined;
  noPodman: string | null;
  stop(): Promise<void>;
}

/**
 * Small real servers on this machine for all that the example DAGs take from a connection: HTTP, mail, an object store, a folder, containers, and the database that is given.
 * @param databaseUrl Where the tables of the examples go.
 */
export async function startStandIns(databaseUrl: string): Promise<StandIns> {
  const [shop, mail, lake, containers, folder] = await Promise.all([
    new ShopServer().start(),
    new MailServer().start(),
    new S3Server().start(),
    startPodman(),
    mkdtemp(join(tmpdir(), "tradewind-stand-ins-")),
  ]);
  const podman = containers.service;
  const database = new URL(databaseUrl);
  const hooks = { connType: "http", host: `${shop.url}/hooks` };
  const connections: Record<string, StandInConnection> = {
    examples: {
      connType: "postgres",
      host: database.hostname,
      port: Number(database.port),
      login: decodeURIComponent(database.username),
      password: decodeURIComponent(database.password),
      schema: database.pathname.slice(1),
    },
    shop: { connType: "http", host: shop.url, login: shop.login, password: shop.password },
    hooks,
    alerts: hooks,
    chat: { connType: "slackwebhook", password: `${shop.url}/hooks/chat` },
    mail: { connType: "smtp", host: "127.0.0.1", port: mail.port, extra: { verify: false, from_email: "reports@example.com" } },
    lake: { connType: "s3", login: "key", password: "secret", extra: { endpoint_url: lake.endpoint } },
    partner: { connType: "fs", extra: { path: folder } },
    shop_file: { connType: "sqlite", host: join(folder, "shop.db") },
    ...(podman && { containers: { connType: "docker", host: `unix://${podman.socketPath}` } }),
  };
  const stop = async () => {
    await Promise.all([shop.stop(), mail.stop(), lake.stop(), podman?.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  return { connections, shop, mail, lake, folder, podman, noPodman: "why" in containers ? containers.why : null, stop };
}
