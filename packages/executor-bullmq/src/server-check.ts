import { TradewindError } from "@tradewind/core";
import { parseRedisUrl, showRedis } from "./redis-address.ts";
import type { RedisClient, RedisSettings } from "./redis-client.ts";

/** `HSET` with several fields, `LPOS`, `GETDEL` …: what BullMQ's scripts use. */
const MIN_VERSION = [6, 2] as const;

/** What Redis says of itself, judged by what the queues need. */
export interface ServerFindings {
  /** It can never work; null: it can. */
  refusal: TradewindError | null;
  /** For the log. */
  warnings: string[];
}

/** Asks Redis what it is. One that does not tell, as for a user without the right to `INFO`, is taken as it comes. */
export async function checkServer(client: RedisClient, settings: RedisSettings): Promise<ServerFindings> {
  const info = await client.info().catch(() => "");
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "mu").exec(info)?.[1];
  const place = showRedis(parseRedisUrl(settings.url));
  return { refusal: judgeVersion(field("redis_version"), place), warnings: judgePolicy(field("maxmemory_policy"), place) };
}

// Valkey names the version of Redis that it is compatible with here.
function judgeVersion(version: string | undefined, place: string): TradewindError | null {
  if (version === undefined) return null;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return null;
  const message = `Redis at ${place} has version ${version}; the executor "bullmq" needs ${MIN_VERSION.join(".")} or newer, or Valkey.`;
  return new TradewindError("invalid_config", message);
}

function judgePolicy(policy: string | undefined, place: string): string[] {
  if (policy === undefined || policy === "noeviction") return [];
  return [
    `Redis at ${place} has the maxmemory-policy "${policy}" and may drop tasks when its memory is full: they are sent again, but late. Set it to noeviction.`,
  ];
}
