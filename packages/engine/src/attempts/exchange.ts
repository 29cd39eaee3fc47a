import type { AttemptFinish, ExchangeRequest, ExchangeResponse, FinishAnswer, StartRefusal } from "@tradewind/contract";
import {
  findRunnerHostExecutor,
  type GrantedAttempt,
  type LeasedAttempt,
  listLeaseStates,
  lockAttempts,
  lockDagRunsOfAttempts,
  retryableKind,
  startAttempts,
  type Transaction,
  tryLockDispatch,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { takeWork } from "../dispatch/take.ts";
import { flush } from "../settle/flush.ts";
import { settle } from "../settle/settle.ts";
import { addRuns, createSettlement } from "../settle/settlement.ts";
import { AcceptedFinishes } from "./accepted-finishes.ts";
import { Arrivals } from "./arrivals.ts";
import { endAttempt } from "./end-attempt.ts";
import { type BuiltGrant, buildGrants } from "./grants.ts";
import { createLeavings, writeLeavings } from "./leavings.ts";
import { failUnstartable } from "./lost-attempts.ts";

/**
 * The hot path. One transaction at a time takes everything that arrived while the one before was in flight, from all hosts:
 *
 *     finishes: lock runs → lock and check attempts → outcomes, what follows from them, written once
 *     starts:   leases from queued to running
 *     wants:    in the slots that the finishes freed: dispatch, straight to running (unless another transaction is dispatching)
 *     grants:   what the runners need for what they were given
 */
export function createExchange(context: EngineContext): { exchange(request: ExchangeRequest): Promise<ExchangeResponse>; idle(): Promise<void> } {
  const accepted = new AcceptedFinishes();
  const executorOfHost = new Map<string, string | null>();

  async function findExecutor(tx: Transaction, hostId: string): Promise<string | null> {
    const known = executorOfHost.get(hostId);
    if (known != null) return known;
    const found = await findRunnerHostExecutor(tx, { hostId });
    executorOfHost.set(hostId, found);
    return found;
  }

  async function serve(requests: ExchangeRequest[]): Promise<ExchangeResponse[]> {
    const look = context.readiness.beginLook();
    let sawNothing = false;
    let finishedNow: string[] = [];
    const responses = await commit(context, async (tx, after) => {
      const batch = requests.map((request) => ({ request, response: { granted: [], refused: [], finished: [], next: [] } as ExchangeResponse }));
      const freed = await finishAll(context, tx, after, batch, accepted);
      finishedNow = freed.map((one) => one.attemptId);
      const started = await startAll(context, tx, after, batch);
      const next = await dispatchNext(tx, after, batch, freed);
      await giveGrants(context, tx, after, batch, [...started, ...next]);
      return batch.map(({ response }) => response);
    });
    if (sawNothing) context.readiness.noteNothing(look);
    accepted.add(finishedNow);
    await context.pausePoint("exchange committed, not answered");
    return responses;

    async function dispatchNext(tx: Transaction, after: AfterCommit, batch: readonly Exchange[], freed: readonly FreedSlot[]): Promise<HostGrant[]> {
      if (freed.length === 0 || !(after.wakes.has("ready") || context.readiness.mayHaveWork())) return [];
      const groups = await groupWants(tx, batch, freed);
      if (groups.length === 0 || !(await tryLockDispatch(tx))) return [];
      const given: HostGrant[] = [];
      for (const { executor, queues, slots } of groups) {
        const found = await takeWork(context, tx, {
          executors: new Map([[executor, slots.length]]),
          queues,
          freeSlots: slots.length,
          ownerOf: (index) => ({ schedulerId: slots[index]!.schedulerId, hostId: slots[index]!.entry.request.hostId }),
          expiresInMs: context.limits.leaseMs,
        });
        sawNothing = found.sawNothing && queues === null && groups.length === 1 && !after.wakes.has("ready");
        found.taken.forEach(({ attemptId, candidate, bundleSha256 }, index) => {
          const attempt = { ...candidate, attemptId, taskInstanceId: candidate.id, bundleSha256, queuedMs: 0 };
          given.push({ entry: slots[index]!.entry, kind: "next", attempt });
          after.changes.runs.add(candidate.dagRunId);
        });
      }
      return given;
    }
  }

  /** Freed slots whose hosts want more, by what these hosts can take. */
  async function groupWants(
    tx: Transaction,
    batch: readonly Exchange[],
    freed: readonly FreedSlot[],
  ): Promise<{ executor: string; queues: string[] | null; slots: WantedSlot[] }[]> {
    const groups = new Map<string, { executor: string; queues: string[] | null; slots: WantedSlot[] }>();
    for (const entry of batch) {
      const { hostId, want, queues } = entry.request;
      const slots = freed.filter((slot) => slot.entry === entry).slice(0, want);
      const executor = slots.length === 0 ? null : await findExecutor(tx, hostId);
      if (executor === null) continue;
      const key = JSON.stringify([executor, queues]);
      const group = groups.get(key) ?? { executor, queues, slots: [] };
      group.slots.push(...slots.map(({ schedulerId }) => ({ schedulerId, entry })));
      groups.set(key, group);
    }
    return [...groups.values()];
  }

  const arrivals = new Arrivals(serve, (error) => retryableKind(error) !== undefined);

  /** A finish that cannot be stored as it is fails its attempt rather than being sent for ever. */
  async function exchange(request: ExchangeRequest): Promise<ExchangeResponse> {
    try {
      return await arrivals.add(request);
    } catch (error) {
      if (retryableKind(error) !== undefined || request.finishes.length === 0) throw error;
      return takeApart(request);
    }
  }

  async function takeApart(request: ExchangeRequest): Promise<ExchangeResponse> {
    const finished: FinishAnswer[] = [];
    for (const finish of request.finishes) {
      const only = { ...request, starts: [], want: 0, finishes: [finish] };
      const answer = await arrivals.add(only).catch((error: unknown) => {
        context.onError(error, { what: "finish of attempt", id: finish.attemptId });
        return arrivals.add({ ...only, finishes: [unstorable(finish, error)] });
      });
      finished.push(...answer.finished);
    }
    const rest = request.starts.length > 0 ? await arrivals.add({ ...request, finishes: [], want: 0 }) : { granted: [], refused: [], next: [] };
    return { ...rest, finished };
  }

  return { exchange, idle: () => arrivals.idle() };
}

interface Exchange {
  request: ExchangeRequest;
  response: ExchangeResponse;
}

interface FreedSlot {
  attemptId: string;
  schedulerId: string;
  entry: Exchange;
}

type WantedSlot = Omit<FreedSlot, "attemptId">;

interface HostGrant {
  entry: Exchange;
  kind: "granted" | "next";
  attempt: GrantedAttempt;
}

function unstorable(finish: AttemptFinish, error: unknown): AttemptFinish {
  const message = `The outcome of the attempt could not be stored: ${error instanceof Error ? error.message : String(error)}`;
  return { ...finish, outcome: { kind: "failed", failure: { reason: "error", message }, retryable: false } };
}

/** Ends what the hosts report, with all that follows. Gives the slots that became free. */
async function finishAll(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  batch: readonly Exchange[],
  accepted: AcceptedFinishes,
): Promise<FreedSlot[]> {
  const attemptIds = batch.flatMap(({ request }) => request.finishes.map((finish) => finish.attemptId));
  if (attemptIds.length === 0) return [];
  const now = context.stampAt();
  const [runs, attempts] = await Promise.all([lockDagRunsOfAttempts(tx, { attemptIds, now }), lockAttempts(tx, { attemptIds, now })]);
  const settlement = createSettlement(context, tx, after);
  await addRuns(settlement, runs);
  const held = new Map(attempts.map((attempt) => [attempt.attemptId, attempt]));
  const leavings = createLeavings();
  const freed: FreedSlot[] = [];
  for (const entry of batch) {
    for (const finish of entry.request.finishes) {
      const attempt = held.get(finish.attemptId);
      const refusal = refusalOf(attempt, entry.request.hostId);
      if (attempt === undefined || refusal !== null || !settlement.runs.has(attempt.instance.dagRunId)) {
        const isRepeated = accepted.has(finish.attemptId);
        entry.response.finished.push({
          attemptId: finish.attemptId,
          accepted: isRepeated,
          ...(isRepeated ? {} : { reason: refusal ?? "the attempt holds no lease" }),
        });
        continue;
      }
      held.delete(finish.attemptId);
      const ended = endAttempt(settlement, attempt, finish, leavings);
      entry.response.finished.push({ attemptId: finish.attemptId, ...ended });
      freed.push({ attemptId: finish.attemptId, schedulerId: attempt.schedulerId, entry });
    }
  }
  // XComs first: a task that is mapped over one of them may be expanded in this settlement.
  await Promise.all([writeLeavings(context, tx, after, leavings), settle(settlement)]);
  await flush(settlement);
  return freed;
}

function refusalOf(attempt: LeasedAttempt | undefined, hostId: string): string | null {
  if (attempt === undefined) return "the attempt holds no lease: it was lost, cleared or has ended";
  if (attempt.leaseState !== "running") return "the attempt was never started";
  return attempt.hostId === hostId ? null : `the attempt runs on host "${attempt.hostId}"`;
}

async function startAll(context: EngineContext, tx: Transaction, after: AfterCommit, batch: readonly Exchange[]): Promise<HostGrant[]> {
  const wanted = batch.flatMap((entry) => entry.request.starts.map((attemptId) => ({ attemptId, hostId: entry.request.hostId, entry })));
  if (wanted.length === 0) return [];
  const granted = await startAttempts(tx, { starts: wanted, leaseMs: context.limits.leaseMs, now: context.stampAt() });
  const byId = new Map(granted.map((attempt) => [attempt.attemptId, attempt]));
  const refused = wanted.filter(({ attemptId }) => !byId.has(attemptId));
  const leases = refused.length === 0 ? new Map() : await listLeaseStates(tx, { attemptIds: refused.map(({ attemptId }) => attemptId) });
  for (const { attemptId, hostId, entry } of refused) entry.response.refused.push(refuse(attemptId, hostId, leases.get(attemptId)));
  if (granted.length > 0) after.wakes.add("state");
  for (const { dagRunId } of granted) after.changes.runs.add(dagRunId);
  return wanted.flatMap(({ attemptId, entry }) => {
    const attempt = byId.get(attemptId);
    return attempt === undefined ? [] : [{ entry, kind: "granted" as const, attempt }];
  });
}

function refuse(
  attemptId: string,
  hostId: string,
  lease: { state: string; hostId: string | null; stopReason: string | null } | undefined,
): StartRefusal {
  if (lease === undefined) return { attemptId, code: "unknown", reason: "No such attempt is queued: it was cancelled, cleared or given up." };
  if (lease.state === "running" && lease.hostId !== hostId) return { attemptId, code: "other_host", reason: `It runs on host "${lease.hostId}".` };
  return { attemptId, code: "not_queued", reason: lease.stopReason ?? "Its task instance is not queued any more." };
}

/** Tells hosts what they were given. What cannot have its inputs fails in the same transaction, and is refused. */
async function giveGrants(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  batch: readonly Exchange[],
  given: readonly HostGrant[],
): Promise<void> {
  void batch;
  if (given.length === 0) return;
  const built: BuiltGrant[] = await buildGrants(
    context,
    tx,
    given.map(({ attempt }) => attempt),
  );
  const problems: { attemptId: string; problem: string }[] = [];
  for (const [index, result] of built.entries()) {
    const { entry, kind, attempt } = given[index]!;
    if ("problem" in result) {
      problems.push(result);
      if (kind === "granted") entry.response.refused.push({ attemptId: result.attemptId, code: "not_queued", reason: result.problem });
      continue;
    }
    entry.response[kind].push(result.grant);
    const { dagId } = result.grant.context;
    after.events.push(() =>
      context.events.taskInstanceStarted?.({
        dagId,
        taskId: attempt.taskId,
        queue: attempt.queue,
        queuedDurationMs: attempt.queuedMs,
        scheduledDurationMs: attempt.scheduledMs,
      }),
    );
  }
  if (problems.length > 0) await failUnstartable(context, tx, after, problems);
}
