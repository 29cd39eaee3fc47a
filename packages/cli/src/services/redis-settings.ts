import { readFileSync } from "node:fs";
import type { TradewindConfig } from "@tradewind/config";
import type { RedisSettings } from "@tradewind/executor-bullmq";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** The way to Redis, with certificates read from their files. */
export function redisSettings({ redis }: Pick<TradewindConfig, "redis">): RedisSettings {
  return {
    url: redis.url,
    password: redis.password,
    sentinelPassword: redis.sentinelPassword,
    prefix: redis.prefix,
    timeoutMs: redis.timeoutSeconds * 1000,
    tls: {
      ca: readPem(redis.tlsCaFile, "redis.tlsCaFile"),
      cert: readPem(redis.tlsCertFile, "redis.tlsCertFile"),
      key: readPem(redis.tlsKeyFile, "redis.tlsKeyFile"),
      verify: redis.tlsVerify,
    },
  };
}

function readPem(path: string | null, key: string): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError("invalid_config", `The file ${path} (${key}) cannot be read: ${(error as Error).message}.`, {
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}
