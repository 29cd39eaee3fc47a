import type { RedisClient } from "./redis-client.ts";

/** What a worker says of itself in Redis, for the scheduler's side: what may drain, and how full it is. The list of workers for people is in Postgres. */
export interface WorkerPresence {
  queues: string[];
  slots: number;
  /** Attempts that are asked for, running, or reporting. */
  running: number;
}

export const PRESENCE_EVERY_MS = 2_000;
/** A worker that has said nothing for so long is gone. */
const PRESENT_FOR_MS = 8_000;

// Redis' own clock, so that those of the machines need not agree.
const SAY = `
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], at .. ' ' .. ARGV[2])`;

const LIST = `
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[1])
local present = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at, text = string.match(all[i + 1], '^(%d+) (.*)$')
  if at and tonumber(at) >= oldest then table.insert(present, text) else redis.call('HDEL', KEYS[1], all[i]) end
end
return present`;

const keyOf = (prefix: string): string => `${prefix}:{workers}`;

export async function sayPresent(client: RedisClient, prefix: string, hostId: string, presence: WorkerPresence): Promise<void> {
  await client.eval(SAY, 1, keyOf(prefix), hostId, JSON.stringify(presence));
}

export async function sayGone(client: RedisClient, prefix: string, hostId: string): Promise<void> {
  await client.hdel(keyOf(prefix), hostId);
}

/** The workers that have lately said that they are there. */
export async function listPresent(client: RedisClient, prefix: string): Promise<WorkerPresence[]> {
  const texts = (await client.eval(LIST, 1, keyOf(prefix), PRESENT_FOR_MS)) as string[];
  return texts.map((text) => JSON.parse(text) as WorkerPresence);
}
