import type { AccessTokenRow } from "@tradewind/metadata/rest";
import { toIso, toIsoOrNull } from "../http/values.ts";

/** A session or an API token, without the token itself, which is not known here. */
export function toTokenResponse({ id, name, createdAt, expiresAt, lastUsedAt }: AccessTokenRow) {
  return { id, name, created_at: toIso(createdAt), expires_at: toIsoOrNull(expiresAt), last_used_at: toIsoOrNull(lastUsedAt) };
}
