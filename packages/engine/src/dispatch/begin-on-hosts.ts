import { commitAlong, type QueuedCandidate, type Transaction } from "@tradewind/metadata";
import { buildGrants } from "../attempts/give-grants.ts";
import { type BuiltGrant, GrantReader } from "../attempts/grants.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import type { BegunAttempts, DispatchOptions, ExecutorRoom } from "../scheduling-use-cases.ts";
import { isRepeated, type Taken, toGranted } from "./take.ts";

/** For so much of a lease a transaction may have waited for locks, and still begin something. The lease counts from its start. */
const SHARE_OF_LEASE_WAITED = 1 / 4;

/** What one dispatch begins on hosts at hand, over the tries of its transaction. */
export class BeginsOfDispatch {
  readonly #context: EngineContext;
  readonly #executors: readonly ExecutorRoom[];
  readonly #monotonicNow: DispatchOptions["monotonicNow"];
  readonly #askedAtMs: number;
  #hasBegun = false;
  /** A try before the last one may have been committed with what it began. */
  isUnsure = false;

  constructor(context: EngineContext, { executors, monotonicNow }: Pick<DispatchOptions, "executors" | "monotonicNow">) {
    this.#context = context;
    this.#executors = executors;
    this.#monotonicNow = monotonicNow;
    this.#askedAtMs = monotonicNow?.() ?? 0;
  }

  async inTry<T>(tx: Transaction, work: (places: PlacesOfHosts) => Promise<T>): Promise<T> {
    if (this.#hasBegun) this.isUnsure = true;
    // Here, and not when dispatch was asked for: a connection may have been waited for meanwhile, and the transaction has not been sent yet.
    const now = this.#monotonicNow ?? (() => 0);
    const leasedAtMs = now();
    const { leaseMs } = this.#context.limits;
    const isFresh = (sinceMs: number): boolean => now() - sinceMs < leaseMs * SHARE_OF_LEASE_WAITED;
    // How things stood at the host a while ago says nothing.
    const isKnown = this.#monotonicNow !== undefined && isFresh(this.#askedAtMs);
    const hosts = isKnown ? this.#executors.flatMap(({ name, host }) => (host === undefined ? [] : ([[name, host]] as const))) : [];
    const places = new PlacesOfHosts(this.#context, tx, {
      hosts,
      leasedAtMs,
      isFresh: () => isFresh(leasedAtMs),
      onBeginning: () => (this.#hasBegun = true),
    });
    return work(places);
  }
}

/** The places of hosts that one try of a dispatch fills, and the grants of what begins in them. */
class PlacesOfHosts {
  readonly leasedAtMs: number;
  readonly #context: EngineContext;
  readonly #tx: Transaction;
  readonly #open: Map<string, { hostId: string; places: number }>;
  readonly #grants: GrantReader;
  readonly #isFresh: () => boolean;
  readonly #onBeginning: () => void;

  constructor(
    context: EngineContext,
    tx: Transaction,
    of: {
      hosts: readonly (readonly [string, { hostId: string; places: number }])[];
      leasedAtMs: number;
      isFresh: () => boolean;
      onBeginning: () => void;
    },
  ) {
    this.#context = context;
    this.#tx = tx;
    this.#open = new Map(of.hosts.map(([name, host]) => [name, { ...host }]));
    this.#grants = new GrantReader(context, tx);
    this.#isFresh = of.isFresh;
    this.#onBeginning = of.onBeginning;
    this.leasedAtMs = of.leasedAtMs;
  }

  /**
   * The host that begins it, if it has a place. What an earlier try left behind is taken away with the answer to a runner that asks, by a statement more: such a one is queued, and keeps its place
   * from those that come after it.
   */
  take(candidate: QueuedCandidate): string | null {
    const host = this.#open.get(candidate.executor);
    if (host === undefined || host.places <= 0 || !this.#isFresh()) return null;
    host.places -= 1;
    return isRepeated(candidate) ? null : host.hostId;
  }

  /** Sends what the grants need behind the statement that takes, and the commit behind the last. */
  onTaking(planned: readonly Taken[], isLast: boolean): void {
    const beginning = planned.filter(({ hostId }) => hostId !== null).map(toGranted);
    if (beginning.length > 0) this.#onBeginning();
    this.#grants.read(beginning, isLast ? () => commitAlong(this.#tx) : undefined);
  }

  build(after: AfterCommit, taken: readonly Taken[]): Promise<BuiltGrant[]> {
    return buildGrants(this.#context, after, taken.filter(({ hostId }) => hostId !== null).map(toGranted), this.#grants);
  }
}

export function groupByHost(taken: readonly Taken[], built: readonly BuiltGrant[]): BegunAttempts[] {
  const begun = new Map(taken.map(({ attemptId, candidate, hostId }) => [attemptId, { executor: candidate.executor, hostId }]));
  const groups = new Map<string, BegunAttempts>();
  for (const one of built) {
    if ("problem" in one) continue;
    const { executor, hostId } = begun.get(one.attemptId)!;
    const group = groups.get(executor) ?? { executor, hostId: hostId!, grants: [] };
    group.grants.push(one.grant);
    groups.set(executor, group);
  }
  return [...groups.values()];
}
