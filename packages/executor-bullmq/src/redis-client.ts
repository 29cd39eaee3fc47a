import type { Cluster, ClusterOptions, Redis, RedisOptions } from "ioredis";
import { parseRedisUrl, type RedisAddress } from "./redis-address.ts";

/** How to reach Redis; the same for the scheduler's side and for workers. */
export interface RedisSettings {
  /** See {@link parseRedisUrl}. */
  url: string;
  /** Wins over the one in the URL. */
  password?: string | null;
  sentinelPassword?: string | null;
  /** Certificates as PEM text; only used with `rediss…://`. */
  tls?: { ca?: string | null; cert?: string | null; key?: string | null; verify?: boolean };
  /** First part of every key. Installations that share a Redis need different ones. Default `tradewind`. */
  prefix?: string;
  /** A command that is not answered for longer fails, on the scheduler's side. Default 3,000. */
  timeoutMs?: number;
}

export type RedisClient = Redis | Cluster;

/**
 * `producer`: whatever can't be done now fails now, since the scheduler has other things to do and keeps what it could not send. `consumer`: commands wait for the connection, since a
 * worker has nothing better to do.
 */
export type RedisRole = "producer" | "consumer";

export const DEFAULT_PREFIX = "tradewind";
const DEFAULT_TIMEOUT_MS = 3_000;
/** A connection that owes an answer for so long is cut and made anew: over one that died without a word nothing would come for many minutes, and no error either. */
const DEFAULT_SILENCE_MS = 15_000;
const LONGEST_RECONNECT_MS = 1_000;

/**
 * Connects; the client reconnects by itself for ever. The library is loaded here, so that installations without Redis do not pay for it.
 * @param silenceMs longer than any blocking read
 */
export async function openRedis(settings: RedisSettings, role: RedisRole, silenceMs = DEFAULT_SILENCE_MS): Promise<RedisClient> {
  const ioredis = await import("ioredis");
  const address = parseRedisUrl(settings.url);
  const common = { ...commonOptions(settings, address, role), socketTimeout: silenceMs };
  const enableOfflineQueue = role === "consumer";
  if (address.kind === "cluster") {
    const options: ClusterOptions = {
      redisOptions: common,
      enableOfflineQueue,
      clusterRetryStrategy: reconnectDelayMs,
      // A node's name must be looked up by TLS as it is, or its certificate would not fit.
      ...(address.tls ? { dnsLookup: (host, done) => done(null, host) } : {}),
    };
    return new ioredis.Cluster(address.nodes, options);
  }
  const place: RedisOptions =
    address.kind === "sentinel"
      ? {
          sentinels: address.nodes,
          name: address.masterName!,
          enableTLSForSentinelMode: address.tls,
          ...(common.tls === undefined ? {} : { sentinelTLS: common.tls }),
          ...(settings.sentinelPassword == null ? {} : { sentinelPassword: settings.sentinelPassword }),
          sentinelRetryStrategy: reconnectDelayMs,
          failoverDetector: true,
        }
      : address.nodes[0]!;
  return new ioredis.Redis({ ...common, ...place, db: address.db, enableOfflineQueue, retryStrategy: reconnectDelayMs });
}

export const reconnectDelayMs = (failures: number): number => Math.min(LONGEST_RECONNECT_MS, 50 * 2 ** Math.min(failures, 6));

function commonOptions(settings: RedisSettings, { username, password, tls }: RedisAddress, role: RedisRole): RedisOptions {
  const { ca, cert, key, verify } = settings.tls ?? {};
  const secret = settings.password ?? password;
  return {
    ...(username === null ? {} : { username }),
    ...(secret === null ? {} : { password: secret }),
    ...(tls
      ? {
          tls: {
            ...(ca == null ? {} : { ca }),
            ...(cert == null ? {} : { cert }),
            ...(key == null ? {} : { key }),
            rejectUnauthorized: verify ?? true,
          },
        }
      : {}),
    connectTimeout: 5_000,
    keepAlive: 10_000,
    // A replica that was the master until a moment ago refuses writes: the connection is made anew, to the master.
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
    ...(role === "producer"
      ? { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, commandTimeout: settings.timeoutMs ?? DEFAULT_TIMEOUT_MS }
      : { maxRetriesPerRequest: null }),
  };
}

/** Whether commands would be sent now. */
export function isReady(client: RedisClient): boolean {
  return client.status === "ready" || (client.isCluster && client.status === "connect");
}

/** Resolves to whether the client is ready within the time. */
export async function becomesReady(client: RedisClient, timeoutMs: number): Promise<boolean> {
  if (isReady(client)) return true;
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      client.off("ready", done);
      resolve(isReady(client));
    };
    const timer = setTimeout(done, timeoutMs);
    client.once("ready", done);
  });
}

/** Ends the connection without waiting for what is under way. */
export function closeRedis(client: RedisClient): void {
  client.disconnect();
}
