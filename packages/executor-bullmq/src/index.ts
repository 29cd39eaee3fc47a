export { type BullMqExecutorOptions, createBullMqExecutor } from "./bullmq-executor.ts";
export { bullQueueName, taskQueueName } from "./job.ts";
export { type FedHost, type FeedHealth, JobFeed, type JobFeedOptions } from "./job-feed.ts";
export { parseRedisUrl, type RedisAddress, showRedis } from "./redis-address.ts";
export { openRedis, type RedisClient, type RedisRole, type RedisSettings } from "./redis-client.ts";
