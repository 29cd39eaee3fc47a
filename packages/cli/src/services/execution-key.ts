import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TradewindConfig } from "@tradewind/config";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** The key that a process of another machine shares with the API servers. It is never made up here: one of its own would only be refused. */
export function readExecutionKey(config: Pick<TradewindConfig, "executionApi">, home: string): string {
  if (config.executionApi.secretKey !== null) return config.executionApi.secretKey;
  const path = join(home, "execution-api-secret-key");
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  throw new CliError("invalid_config", "A worker needs the key that signs the tokens of runner hosts, and there is none.", {
    exitCode: EXIT.usage,
    hint: `Set TRADEWIND__EXECUTION_API__SECRET_KEY (or …_FILE) to what the API servers have. On their own machine they keep it in ${path}, once one has been started.`,
  });
}
