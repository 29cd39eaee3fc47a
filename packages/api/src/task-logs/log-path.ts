import { join } from "node:path";
import { TradewindError } from "@tradewind/core";

const ATTEMPT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The file of an attempt's log: `<dir>/<day>/<attempt id>.ndjson`, the day being that in the id (UUID v7). */
export function logPath(dir: string, attemptId: string): string {
  if (!ATTEMPT_ID.test(attemptId)) throw new TradewindError("invalid_request", `"${attemptId}" is no attempt id: expected a UUID.`);
  const day = new Date(Number.parseInt(attemptId.replace("-", "").slice(0, 12), 16)).toISOString().slice(0, 10);
  return join(dir, day, `${attemptId}.ndjson`);
}
