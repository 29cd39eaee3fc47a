import { TradewindError } from "@tradewind/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressKey } from "./address-key.ts";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const MOST_KEYS = 10_000;

export interface ChangeRateLimit {
  /** Seconds to wait; 0: go on, and it is counted. */
  take(key: string, nowMs: number): number;
  /** More changes than the one that was taken: they are made, and whoever makes them waits longer for the next. */
  charge(key: string, changes: number, nowMs: number): void;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Where changes are limited: how many the request makes, when its body is known. */
    countChanges?: (changes: number) => void;
  }
}

/**
 * Changes by user, as a bucket that holds a minute's worth and fills evenly: a program may do many at once, but not for long. In memory, so each server counts for itself; when there
 * are too many keys, those that are full again are forgotten.
 */
export function createChangeRateLimit({ perMinute }: { perMinute: number }): ChangeRateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = perMinute / 60_000;
  const leftOf = ({ left, at }: { left: number; at: number }, nowMs: number): number => Math.min(perMinute, left + (nowMs - at) * perMs);

  return {
    take(key, nowMs) {
      const left = leftOf(buckets.get(key) ?? { left: perMinute, at: nowMs }, nowMs);
      if (left < 1) return Math.max(1, Math.ceil((1 - left) / perMs / 1000));
      if (!buckets.has(key) && buckets.size >= MOST_KEYS) forgetFull(nowMs);
      buckets.set(key, { left: left - 1, at: nowMs });
      return 0;
    },
    charge(key, changes, nowMs) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) buckets.set(key, { left: leftOf(bucket, nowMs) - changes, at: nowMs });
    },
  };

  function forgetFull(nowMs: number): void {
    for (const [key, bucket] of buckets) if (leftOf(bucket, nowMs) >= perMinute) buckets.delete(key);
    // All of them busy: rather let somebody do more than hold more.
    if (buckets.size >= MOST_KEYS) buckets.clear();
  }
}

/** Limits the changes of each user in a scope, after they are known; of who is not, by address. What only reads is not counted, though it may be asked for by POST. */
export function limitChanges(app: FastifyInstance, limit: ChangeRateLimit, now: () => number): void {
  app.decorateRequest("countChanges");
  app.addHook("onRequest", async (request, reply) => {
    if (SAFE_METHODS.has(request.method) || request.routeOptions.config.access?.endsWith(":read") === true) return;
    const key = keyOf(request);
    const waitSeconds = limit.take(key, now());
    request.countChanges = (changes) => limit.charge(key, changes - 1, now());
    if (waitSeconds === 0) return;
    reply.header("retry-after", String(waitSeconds));
    throw new TradewindError("too_many_requests", `Too many changes in a short time: wait ${waitSeconds} seconds.`, { details: { waitSeconds } });
  });
}

function keyOf({ user, ip }: FastifyRequest): string {
  return user === null || user.isAnonymous === true ? `address ${addressKey(ip)}` : `user ${user.username}`;
}
