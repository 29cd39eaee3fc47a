import { createHash, randomBytes } from "node:crypto";
import { type ConnectionTestGrant, type ConnectionTestReport, ConnectionValue } from "@tradewind/contract";
import { TradewindError } from "@tradewind/core";
import {
  claimConnectionTests,
  countActiveConnectionTests,
  endConnectionTest,
  type Fernet,
  findConnectionTest,
  giveUpConnectionTests,
  hasClaimableConnectionTests,
  insertConnectionTest,
  lockConnectionTest,
  releaseConnectionTests,
  transaction,
} from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import type { EngineContext } from "../context.ts";
import type { ConnectionTestUseCases, RunnerUseCases } from "../engine.ts";
import { storeTestedConnection } from "./store-tested-connection.ts";
import { WaitingTests } from "./waiting-tests.ts";

/** How long a test may take in its process. */
const TEST_TIMEOUT_MS = 15_000;
/** Then the host that has it counts as lost: its time limit, the start of a process, and a report that may have to be sent again. */
const CLAIM_MS = 30_000;
/** From being asked for to being given up. People wait for it. */
const LIFE_MS = 120_000;
/** Of one user, waiting or running. */
const MOST_OF_A_USER = 10;
/** Of what a host reports. */
const MOST_CHARACTERS = 4_000;
/** Tasks that name no queue are in this one. */
const DEFAULT_QUEUE = "default";

/** Tests of connections that run where tasks run: asked for by people, claimed by hosts with their heartbeats. */
export interface ConnectionTests {
  useCases: ConnectionTestUseCases & Pick<RunnerUseCases, "reportConnectionTest">;
  /** What the host is to try now, at most `limit`. */
  claim(hostId: string, limit: number): Promise<ConnectionTestGrant[]>;
  /** The host ends: what it has not tried is another's. */
  release(hostId: string): Promise<void>;
  /** Some may wait. */
  noteWork(): void;
}

export function createConnectionTests(context: EngineContext, fernet: Fernet): ConnectionTests {
  const { db } = context;
  const waiting = new WaitingTests(
    () => hasClaimableConnectionTests(db, { now: context.stampAt() }),
    () => context.now().getTime(),
  );

  return {
    noteWork: () => waiting.noteWork(),

    async claim(hostId, limit) {
      if (limit === 0 || !(await waiting.mayWait())) return [];
      const claimed = await claimConnectionTests(db, { hostId, limit, claimMs: CLAIM_MS, now: context.stampAt() });
      if (claimed.length > 0) waiting.noteWork();
      const grants: ConnectionTestGrant[] = [];
      for (const { token, connection } of claimed) {
        try {
          grants.push({ testId: token, connection: ConnectionValue.parse(JSON.parse(fernet.decrypt(connection))), timeoutMs: TEST_TIMEOUT_MS });
        } catch (error) {
          await endConnectionTest(db, { token, state: "failed", message: "The connection could not be decrypted. Ask for the test again." });
          context.onError(error, { what: "connection test", id: token });
        }
      }
      return grants;
    },

    async release(hostId) {
      if ((await releaseConnectionTests(db, { hostId })) > 0) context.wake("connection_tests");
    },

    useCases: {
      async enqueueConnectionTest({ connection, commitOnSuccess, actor, ...place }) {
        const queue = place.queue ?? DEFAULT_QUEUE;
        const executor = context.executorOf({ executor: place.executor, queue });
        assertExecutor(context, executor);
        const token = randomBytes(32).toString("base64url");
        const { connectionId } = connection;
        await transaction(db, async (tx) => {
          const now = context.stampAt();
          await giveUpConnectionTests(tx, { now });
          assertFew(await countActiveConnectionTests(tx, { username: actor.name }), actor.name);
          const stored = { token: hashOf(token), connectionId, connection: fernet.encrypt(JSON.stringify(connection)) };
          const test = { ...stored, commitOnSuccess, executor, queue, username: actor.name };
          if ((await insertConnectionTest(tx, test, { expiresInMs: LIFE_MS, now })) === null) throw isTriedAlready(connectionId);
          const extra = { connection_id: connectionId, conn_type: connection.connType, host: connection.host, executor, queue };
          await insertEventLog(tx, { event: "enqueue_connection_test", owner: actor.name, extra: { ...extra, commit_on_success: commitOnSuccess } });
        });
        context.wake("connection_tests");
        context.noteChanges({ subjects: ["event_logs"] });
        return { token };
      },

      async findConnectionTest(token) {
        // Also where no scheduler sweeps.
        await giveUpConnectionTests(db, { now: context.stampAt() });
        return findConnectionTest(db, { token: hashOf(token) });
      },

      reportConnectionTest: (report) => endByReport(context, fernet, report),
    },
  };
}

async function endByReport(context: EngineContext, fernet: Fernet, { hostId, testId, status, message }: ConnectionTestReport): Promise<void> {
  const stored = await transaction(context.db, async (tx) => {
    const test = await lockConnectionTest(tx, { token: testId });
    if (test === null || test.hostId !== hostId || test.state === "pending") {
      throw new TradewindError(
        "conflict",
        `Host "${hostId}" reports a test of a connection that it does not have any more. The report counts for nothing.`,
      );
    }
    // Reported before, or given up since.
    if (test.state !== "running") return false;
    // PostgreSQL's text holds no NUL.
    const told = message.replaceAll("\0", "\uFFFD").slice(0, MOST_CHARACTERS);
    await endConnectionTest(tx, { token: testId, state: status ? "success" : "failed", message: told });
    if (!status || !test.commitOnSuccess || test.connection === null) return false;
    await storeTestedConnection(tx, fernet, ConnectionValue.parse(JSON.parse(fernet.decrypt(test.connection))), test.username);
    return true;
  });
  if (stored) context.noteChanges({ subjects: ["connections", "event_logs"] });
}

/** Who knows the database only can poll nothing with it. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function assertExecutor({ routes: { known } }: EngineContext, executor: string): void {
  if (known === null || known.includes(executor)) return;
  throw new TradewindError("executor_not_found", `There is no executor "${executor}" to try a connection; there are: ${known.join(", ")}.`, {
    details: { executor },
  });
}

function assertFew(count: number, username: string): void {
  if (count < MOST_OF_A_USER) return;
  throw new TradewindError(
    "too_many_requests",
    `The user "${username}" has ${count} tests of connections that have not ended: wait for them. They end within ${LIFE_MS / 60_000} minutes.`,
    { details: { username, count } },
  );
}

function isTriedAlready(connectionId: string): TradewindError {
  return new TradewindError("conflict", `Connection "${connectionId}" is being tested already: wait for the end of that test.`, {
    details: { connectionId },
  });
}
