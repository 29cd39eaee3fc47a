import { join } from "node:path";
import type { TradewindConfig } from "@tradewind/config";
import { createFernet, type Fernet, readOrCreateFernetKey } from "@tradewind/metadata";
import { readOrCreateSecret } from "./secret-file.ts";

/** The keys of an installation: what the configuration gives, else what it made for itself, once, in its home directory. */
export interface Secrets {
  fernet: Fernet;
  /** Signs access tokens of people and clients. */
  apiKey: string;
  /** Signs the tokens of hosts and attempts. */
  executionKey: string;
}

export function readSecrets(config: TradewindConfig, home: string): Secrets {
  return {
    fernet: createFernet(config.security.fernetKey ?? readOrCreateFernetKey(home)),
    apiKey: config.api.secretKey ?? readOrCreateSecret(join(home, "api-secret-key")).secret,
    executionKey: config.executionApi.secretKey ?? readOrCreateSecret(join(home, "execution-api-secret-key")).secret,
  };
}
