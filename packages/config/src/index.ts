export { type ConfigSource, formatSource } from "./config-value.ts";
export { defineConfig } from "./define-config.ts";
export { BUILT_IN_EXECUTORS, type ExecutorChoice, executorsOf } from "./executor-choice.ts";
export type { Environment } from "./environment.ts";
export { CONFIG_KEYS, CONFIG_SECTIONS, type ConfigKey, type ConfigSection } from "./keys.ts";
export { type ListedConfig, listConfig } from "./list-config.ts";
export { type LoadConfigOptions, type LoadedConfig, loadConfig } from "./load-config.ts";
export { createHome } from "./project.ts";
export { configSchema, type TradewindConfig, type TradewindConfigInput } from "./schema.ts";
