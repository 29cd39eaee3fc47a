export { freePort } from "./free-port.ts";
export {
  ADMIN_PASSWORD,
  EXECUTION_SECRET_KEY,
  type Installation,
  type InstallationOptions,
  makeInstallation,
  type ServiceName,
} from "./installation.ts";
export { type LeaseFacts, MetadataFacts, type RunFacts, type TryFacts } from "./metadata-facts.ts";
export { assertNoProcesses, killAll, type ProcessFacts, processesOf } from "./processes.ts";
export { type Program, type ProgramOptions, startProgram } from "./program.ts";
export { hasRedisServer, type RedisServer, startRedis } from "./redis-server.ts";
export { RestClient } from "./rest-client.ts";
export { until } from "./until.ts";
