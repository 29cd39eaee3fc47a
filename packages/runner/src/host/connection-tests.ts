import { join } from "node:path";
import type { ConnectionTestGrant } from "@tradewind/contract";
import type { ExecutionApiClient } from "@tradewind/contract/client";
import { testConnectionInChild } from "../connection-tests/test-in-child.ts";
import { ChildLedger } from "./child-ledger.ts";
import type { HostLogger } from "./host-options.ts";

/** Each is a process beside those of attempts. */
const MOST_AT_ONCE = 2;

export interface ConnectionTestsOptions {
  hostId: string;
  client: ExecutionApiClient;
  logger: HostLogger;
  stateDir: string;
  /** As attempts have it. */
  env: NodeJS.ProcessEnv;
  memoryLimitMb: number | null;
}

/** Connections that this host tries since people want to know whether they work where tasks run. They take no slot. */
export class ConnectionTests {
  readonly #options: ConnectionTestsOptions;
  readonly #ledger: ChildLedger;
  readonly #closed = new AbortController();
  readonly #running = new Set<string>();
  readonly #pids = new Set<number>();

  constructor(options: ConnectionTestsOptions) {
    this.#options = options;
    this.#ledger = new ChildLedger(join(options.stateDir, "connection-test-children"));
  }

  /** How many more it would begin. */
  get room(): number {
    return this.#closed.signal.aborted ? 0 : MOST_AT_ONCE - this.#running.size;
  }

  /** What an earlier host on this folder left behind. */
  killLeftovers(): Promise<number> {
    return this.#ledger.killLeftovers();
  }

  begin(grants: readonly ConnectionTestGrant[]): void {
    for (const grant of grants) {
      if (this.#closed.signal.aborted || this.#running.has(grant.testId)) continue;
      this.#running.add(grant.testId);
      void this.#run(grant).finally(() => this.#running.delete(grant.testId));
    }
  }

  /** Ends what runs, without a report: the server gives it to another host, with the farewell of this one or when its time is over. */
  stop(): void {
    this.#closed.abort();
  }

  async #run({ testId, connection, timeoutMs }: ConnectionTestGrant): Promise<void> {
    const { hostId, client, logger, env, memoryLimitMb } = this.#options;
    const { signal } = this.#closed;
    let child: number | undefined;
    const onSpawned = (pid: number): void => {
      this.#pids.add((child = pid));
      void this.#ledger.record(pid, () => this.#pids);
    };
    try {
      const { status, message } = await testConnectionInChild(connection, { env, timeoutMs, memoryLimitMb, signal, onSpawned });
      if (signal.aborted) return;
      await client.reportConnectionTest({ hostId, testId, status, message }, { signal });
    } catch (error) {
      if (!signal.aborted) logger.warn({ testId, error: String(error) }, "what came out of the test of a connection could not be reported");
    } finally {
      if (child !== undefined) this.#pids.delete(child);
    }
  }
}
