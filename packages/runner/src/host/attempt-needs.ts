import type { ExecutionApiClient } from "@tradewind/contract/client";
import type { GrantedAttempt } from "./attempt.ts";
import type { BundleCache } from "./bundle-cache.ts";

/** What an attempt cannot run without: its bundle, and its inputs. false: something has to be fetched. */
export function hasWhatItNeeds(attempt: GrantedAttempt, bundles: BundleCache): boolean {
  attempt.bundlePath = bundles.pathIfReady(attempt.grant.bundleSha256) ?? "";
  return attempt.bundlePath !== "" && attempt.grant.inputs !== null;
}

/** @throws whatever keeps the bundle, or inputs that are too large for the grant, from being had */
export async function fetchWhatItNeeds(attempt: GrantedAttempt, client: ExecutionApiClient, bundles: BundleCache): Promise<void> {
  const { grant } = attempt;
  const api = client.forAttempt(() => attempt.token);
  const [bundlePath, asked] = await Promise.all([bundles.path(grant.bundleSha256), grant.inputs === null ? api.inputs() : null]);
  attempt.bundlePath = bundlePath;
  if (asked !== null) Object.assign(attempt, asked);
}
