import { adoptLeases, beatJob, declareDeadSchedulers, endJob, insertJob, transaction } from "@tradewind/metadata";
import { toCommand } from "./attempts/lost-attempts.ts";
import type { EngineContext } from "./context.ts";
import type { JobUseCases } from "./engine.ts";

/** Daemons that say that they live, and what becomes of the work of those that do not any more. */
export function jobUseCases(context: EngineContext): JobUseCases {
  const { db } = context;
  return {
    registerJob: (job) => insertJob(db, { ...job, now: context.stampAt() }),
    heartbeatJob: (jobId) => beatJob(db, { jobId, now: context.stampAt() }),
    endJob: (jobId) => endJob(db, { jobId, now: context.stampAt() }),

    async adoptOrphans({ adopterId, thresholdSeconds }) {
      const adopted = await transaction(db, async (tx) => {
        const { deadJobs, orphanedBy } = await declareDeadSchedulers(tx, { thresholdSeconds, adopterId, now: context.stampAt() });
        const leases = orphanedBy.length === 0 ? [] : await adoptLeases(tx, { fromIds: orphanedBy, adopterId });
        return { deadJobs, attempts: leases.map((lease) => ({ command: toCommand(lease), state: lease.state })) };
      });
      await context.pausePoint("leases adopted, not returned");
      return adopted;
    },
  };
}
