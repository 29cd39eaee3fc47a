import { listXComRefs, resolveTaskInputs, TradewindError } from "@tradewind/core";
import {
  beatRunnerHost,
  extendQueuedLeases,
  findBundleCode,
  findBundleMap,
  findLeasePlace,
  putRunnerHost,
  renewLeases,
  transaction,
  type WantedHostState,
  writeProgress,
} from "@tradewind/metadata";
import type { ConnectionTests } from "../connection-tests/connection-tests.ts";
import type { EngineContext } from "../context.ts";
import type { RunnerUseCases } from "../engine.ts";
import type { createExchange } from "./exchange.ts";
import { readXComs } from "./grants.ts";

/** What runner hosts ask for. */
export function runnerUseCases(
  context: EngineContext,
  exchange: ReturnType<typeof createExchange>,
  connectionTests: ConnectionTests,
): Omit<RunnerUseCases, "reportConnectionTest"> {
  const { db, hot, limits } = context;
  return {
    exchange: (request) => exchange.exchange(request),

    async registerHost(host) {
      const { startedAt, ...record } = host;
      const wanted = await putRunnerHost(db, {
        ...record,
        startedAt: startedAt === undefined ? undefined : new Date(startedAt),
        silentMs: limits.hostOfflineMs,
        now: context.stampAt(),
      });
      context.noteChanges({ subjects: ["workers"] });
      return { leaseMs: limits.leaseMs, heartbeatMs: limits.heartbeatMs, holdMs: limits.holdMs, ...wantedOf(wanted) };
    },

    async heartbeat({ hostId, attempts, queued, state = null, connectionTests: testRoom = 0 }) {
      const now = context.stampAt();
      if (state === "stopped") await connectionTests.release(hostId);
      const wanted = await beatRunnerHost(db, { hostId, state, now });
      if (state === "stopped") context.noteChanges({ subjects: ["workers"] });
      // One without a name is gone with its farewell.
      if (wanted === null && state === "stopped") return { renewed: [], stop: [] };
      if (wanted === null) {
        throw new TradewindError("not_found", `No runner host "${hostId}" is registered. Register it again.`, { details: { hostId } });
      }
      if (wanted === "drain") await extendQueuedLeases(db, { attemptIds: queued, expiresInMs: limits.taskQueuedTimeoutMs, now });
      const held = attempts.length === 0 ? [] : await transaction(hot, (tx) => renew(tx));
      const tests =
        wanted === "drain"
          ? []
          : await connectionTests.claim(hostId, testRoom).catch((error: unknown) => {
              // The leases above count, whatever becomes of tests.
              context.onError(error, { what: "connection tests", id: hostId });
              return [];
            });
      const going = held.filter((lease) => lease.stopReason === null);
      return {
        renewed: going.map(({ attemptId }) => ({
          attemptId,
          leaseMs: limits.leaseMs,
          token: context.issueAttemptToken({ attemptId, ttlMs: limits.leaseMs * 2 }),
        })),
        stop: held.flatMap(({ attemptId, stopReason }) => (stopReason === null ? [] : [{ attemptId, reason: stopReason }])),
        ...wantedOf(wanted),
        ...(tests.length > 0 && { connectionTests: tests }),
      };

      async function renew(tx: Parameters<typeof renewLeases>[0]): ReturnType<typeof renewLeases> {
        // Task instances before leases, as everywhere.
        const places = new Map(
          (await findLeasePlace(tx, { attemptIds: attempts.map((attempt) => attempt.attemptId), hostId })).map((lease) => [
            lease.attemptId,
            lease.taskInstanceId,
          ]),
        );
        const progress = attempts.flatMap((attempt) => {
          const taskInstanceId = places.get(attempt.attemptId);
          return attempt.progress === undefined || taskInstanceId === undefined
            ? []
            : [{ taskInstanceId, progress: JSON.stringify(attempt.progress) }];
        });
        await writeProgress(tx, progress);
        return renewLeases(tx, { hostId, attemptIds: attempts.map((attempt) => attempt.attemptId), leaseMs: limits.leaseMs, now });
      }
    },

    getBundle: (sha256) => findBundleCode(db, { sha256 }),
    getBundleMap: (sha256) => findBundleMap(db, { sha256 }),

    async getAttemptInputs(attemptId) {
      const [place] = await findLeasePlace(db, { attemptIds: [attemptId], hostId: null });
      if (place === undefined) return null;
      await context.versions.load(db, [place.dagVersionId]);
      const { graph } = context.versions.get(place.dagVersionId);
      const node = graph.tasks.get(place.taskId)!;
      const xcoms = await readXComs(db, [{ dagRunId: place.dagRunId, refs: listXComRefs(graph, node) }], null);
      const { inputs, inputMaps } = resolveTaskInputs(graph, node, place.mapIndex, xcoms.ofRun(place.dagRunId));
      return { inputs: JSON.stringify(inputs), inputMaps };
    },
  };
}

/** Going on is what everybody does: it need not be said. */
function wantedOf(wanted: WantedHostState): { wanted?: WantedHostState } {
  return wanted === "run" ? {} : { wanted };
}
