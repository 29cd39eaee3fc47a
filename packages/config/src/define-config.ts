import type { TradewindConfigInput } from "./schema.ts";

/**
 * Gives a `tradewind.config.ts` the types of the configuration; it changes nothing.
 * @example export default defineConfig({ executor: "local", api: { port: 9000 } });
 */
export function defineConfig(config: TradewindConfigInput): TradewindConfigInput {
  return config;
}
