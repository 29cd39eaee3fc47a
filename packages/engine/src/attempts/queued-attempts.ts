import { listQueuedLeases } from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { SchedulingUseCases } from "../scheduling-use-cases.ts";
import { LONGEST_LAUNCH_PAUSE_MS, toCommand } from "./lost-attempts.ts";

/** What executors are asked about, to find what their transports lost. */
export function listQueuedAttemptsUseCase(context: EngineContext): SchedulingUseCases["listQueuedAttempts"] {
  return async (options) => {
    const leases = await listQueuedLeases(context.db, { ...options, resumesWithinMs: LONGEST_LAUNCH_PAUSE_MS, now: context.stampAt() });
    return leases.map(toCommand);
  };
}
