import type { AttemptFinish, ExchangeRequest, ExchangeResponse, FinishAnswer, StartRefusal } from "@tradewind/contract";
import {
  commitAlong,
  type DagRunContext,
  type LeasedAttempt,
  listLeaseStates,
  listLeasesUnknownToHost,
  lockAttempts,
  lockDagRunsOfAttempts,
  type Queryable,
  retryableKind,
  type RunOfAttempts,
  startAttempts,
  type Transaction,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { isRepeated, toGranted } from "../dispatch/take.ts";
import { flush, giveIds } from "../settle/flush.ts";
import { prefetchBelow, takePrefetched } from "../settle/prefetch.ts";
import { settle } from "../settle/settle.ts";
import { addRuns, createSettlement, type Settlement } from "../settle/settlement.ts";
import { AcceptedFinishes } from "./accepted-finishes.ts";
import { Arrivals } from "./arrivals.ts";
import { endAttempt } from "./end-attempt.ts";
import type { Exchange, FreedSlot, HostGrant } from "./exchange-batch.ts";
import { buildGrants, failGranted, type Unstartable } from "./give-grants.ts";
import { GrantReader } from "./grants.ts";
import { askAhead, type AskedAhead, planHandOver, takeHandedOver } from "./hand-over.ts";
import { createLeavings, writeLeavings } from "./leavings.ts";
import { failUnstartable } from "./lost-attempts.ts";
import {
  beginDispatch,
  createExecutorLookup,
  type ExecutorLookup,
  groupWants,
  narrowWakes,
  type NextAttempts,
  NOTHING_NEXT,
  takeNext,
} from "./next-attempts.ts";

/** What is left of a lease that may still be granted again. Longer than any transaction that takes it for lost. */
const SHARE_OF_LEASE_LEFT = 1 / 8;

/** What one transaction did. */
interface Served {
  freed: readonly FreedSlot[];
  next: NextAttempts;
  /** Given, and yet to be failed, since the commit was on its way when their inputs were read. */
  unstartable: readonly Unstartable[];
}

/**
 * The hot path. One transaction at a time takes everything that arrived while the one before was in flight, from all hosts:
 *
 *     finishes: lock runs → lock and check attempts → outcomes, what follows from them, written once
 *     starts:   leases from queued to running
 *     wants:    in the slots that the finishes freed: dispatch, straight to running (unless another transaction is dispatching)
 *     grants:   what the runners need for what they were given
 *
 * A round trip costs as much as several small statements, so what does not depend on an answer is sent before it comes:
 *
 *     1  begin, locks, what comes right below; whether anything waits        2  what decisions ask for beyond, if anything
 *     3  all that is written; starts, and what their grants need; the dispatch lock and a look at the queue        4  taking what was found, what its grants need, and the commit
 *
 * Where nothing waits, what became ready is handed over (hand-over.ts) in the place of the look, and the commit goes with the third.
 */
export function createExchange(context: EngineContext): { exchange(request: ExchangeRequest): Promise<ExchangeResponse>; idle(): Promise<void> } {
  const accepted = new AcceptedFinishes();
  const executorOf = createExecutorLookup();
  /** Whether the queue was seen empty last: then it is asked ahead whether what becomes ready can be handed over. */
  let expectsNothing = true;

  async function serve(requests: ExchangeRequest[]): Promise<ExchangeResponse[]> {
    const look = context.readiness.beginLook();
    let done: Served = { freed: [], next: NOTHING_NEXT, unstartable: [] };
    const responses = await commit(context, async (tx, after) => {
      const batch = requests.map((request) => ({ request, response: { granted: [], refused: [], finished: [], next: [] } as ExchangeResponse }));
      done = await serveBatch(tx, after, batch);
      return batch.map(({ response }) => response);
    });
    if (done.next.isDrained) context.readiness.noteNothing(look);
    if (done.freed.length > 0) expectsNothing = done.next.leftNothing;
    // A lease each, and a row of the queue each that was in it.
    context.liveTables.noteGone(done.freed.length + (done.next.isHandedOver ? 0 : done.next.given.length));
    accepted.add(done.freed.map((one) => one.attemptId));
    await failGranted(context, done.unstartable);
    await context.pausePoint("exchange committed, not answered");
    return responses;
  }

  async function serveBatch(tx: Transaction, after: AfterCommit, batch: readonly Exchange[]): Promise<Served> {
    const asking = expectsNothing ? executorsThatWant(batch, executorOf) : [];
    const { freed, runs, settlement, asked, ended } = await finishAll(context, tx, after, batch, { accepted, asking });
    const wants = await groupWants(tx, { batch, freed, executorOf });
    const handOver = settlement === null ? null : planHandOver(settlement, wants, asked, ended);
    // Sent behind each other, in this order; what was written is seen by the look.
    const writing = settlement === null ? null : flush(settlement);
    const starts = batch.flatMap(askedStarts);
    // One await for both: what is written may fail while the other is on its way.
    if (batch.some(({ request }) => request.known !== undefined)) {
      const [untold] = await Promise.all([listUntold(context, tx, batch), writing]);
      starts.push(...untold);
    }
    const startIds = starts.map(({ attemptId }) => attemptId);
    const places = context.attemptPlaces.of(startIds);
    // Nothing but starts of which all is known: what is sent now is all there is.
    const isKnown = startIds.length > 0 && places.length === startIds.length && !places.some((place) => place.isRepeated);
    let isSealed = settlement === null && isKnown;
    const starting = startAll(context, isSealed ? context.db : tx, tx, after, starts);
    const grants = new GrantReader(context, tx, runs);
    grants.read(places, isSealed ? () => commitAlong(tx) : undefined);
    const handed = handOver === null ? null : takeHandedOver(context, tx, handOver);
    if (handed !== null) {
      // All that is written has been sent. A start that is refused would have a question yet.
      isSealed = grants.isSent && startIds.length === 0;
      grants.read(
        handed.next.given.map(({ attempt }) => attempt),
        isSealed ? () => commitAlong(tx) : undefined,
      );
    }
    const isAsking = handed === null && (after.wakes.has("ready") || context.readiness.mayHaveWork());
    const dispatch = isAsking ? beginDispatch(context, tx, wants) : null;
    const [started] = await Promise.all([starting, writing, handed?.taking, dispatch?.isLocked, dispatch?.firstLook.candidates]);
    grants.read(started.map(({ attempt }) => attempt));
    const next =
      handed !== null
        ? handed.next
        : await takeNext(context, tx, dispatch, (planned, isLast) => {
            const taking = planned.map(toGranted);
            // What an earlier try left behind is taken away with the grant, by a statement more; what waits for a DAG version asks for its inputs when that has come.
            isSealed = isLast && grants.isSent && ![...started.map(({ attempt }) => attempt), ...taking].some(isRepeated);
            grants.read(taking, isSealed ? () => commitAlong(tx) : undefined);
          });
    for (const { attempt } of next.given) after.changes.runs.add(attempt.dagRunId);
    narrowWakes(context, after, freed, next);
    const problems = await giveGrants(context, after, [...started, ...next.given], grants);
    if (problems.length === 0) return { freed, next, unstartable: [] };
    if (isSealed) return { freed, next, unstartable: problems };
    await failUnstartable(context, tx, after, problems);
    return { freed, next, unstartable: [] };
  }

  const arrivals = new Arrivals(serve, { isPassing: (error) => retryableKind(error) !== undefined, senderOf: ({ hostId }) => hostId });

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
    const { known, ...asked } = request;
    for (const finish of request.finishes) {
      const only = { ...asked, starts: [], want: 0, finishes: [finish] };
      const answer = await arrivals.add(only).catch((error: unknown) => {
        context.onError(error, { what: "finish of attempt", id: finish.attemptId });
        return arrivals.add({ ...only, finishes: [unstorable(finish, error)] });
      });
      finished.push(...answer.finished);
    }
    const rest =
      request.starts.length > 0 || known !== undefined
        ? await arrivals.add({ ...request, finishes: [], want: 0 })
        : { granted: [], refused: [], next: [] };
    return { ...rest, finished };
  }

  return { exchange, idle: () => arrivals.idle() };
}

function unstorable(finish: AttemptFinish, error: unknown): AttemptFinish {
  const message = `The outcome of the attempt could not be stored: ${error instanceof Error ? error.message : String(error)}`;
  return { ...finish, outcome: { kind: "failed", failure: { reason: "error", message }, retryable: false } };
}

interface Finished {
  freed: FreedSlot[];
  /** The attempts whose leases go. */
  ended: LeasedAttempt[];
  /** Those that are locked, as they were then: an exchange changes nothing of what a grant tells of them. Without those that have a large conf. */
  runs: ReadonlyMap<number, DagRunContext>;
  settlement: Settlement | null;
  asked: AskedAhead | null;
}

/** Ends what the hosts report, with all that follows, in memory: what the settlement holds is yet to be flushed. Gives the slots that become free. */
async function finishAll(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  batch: readonly Exchange[],
  { accepted, asking }: { accepted: AcceptedFinishes; asking: readonly string[] },
): Promise<Finished> {
  const attemptIds = batch.flatMap(({ request }) => request.finishes.map((finish) => finish.attemptId));
  if (attemptIds.length === 0) return { freed: [], ended: [], runs: new Map(), settlement: null, asked: null };
  const now = context.stampAt();
  const locking = [lockDagRunsOfAttempts(tx, { attemptIds, now }), lockAttempts(tx, { attemptIds, now })] as const;
  const places = context.attemptPlaces.of(attemptIds);
  const below = prefetchBelow(context, tx, places);
  const askingAhead = askAhead(context, tx, { places, finishes: attemptIds.length, executors: asking });
  const [runs, attempts, records, asked] = await Promise.all([...locking, below.records, askingAhead]);
  const settlement = createSettlement(context, tx, after);
  await addRuns(settlement, runs);
  takePrefetched(settlement, below, records);
  const held = new Map(attempts.map((attempt) => [attempt.attemptId, attempt]));
  const leavings = createLeavings();
  const freed: FreedSlot[] = [];
  const gone: LeasedAttempt[] = [];
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
      gone.push(attempt);
    }
  }
  // XComs first: a task that is mapped over one of them may be expanded in this settlement.
  await Promise.all([writeLeavings(context, tx, after, leavings), settle(settlement)]);
  await giveIds(settlement);
  return { freed, ended: gone, runs: new Map(runs.flatMap((run) => (isWhole(run) ? [[run.id, run]] : []))), settlement, asked };
}

const isWhole = (run: RunOfAttempts): run is RunOfAttempts & DagRunContext => run.conf !== null;

/** Executors of hosts that want more for what has ended. */
function executorsThatWant(batch: readonly Exchange[], executorOf: ExecutorLookup): string[] {
  const wanting = batch.filter(({ request }) => request.want > 0 && request.finishes.length > 0);
  return [...new Set(wanting.flatMap(({ request }) => executorOf.peek(request.hostId) ?? []))];
}

function refusalOf(attempt: LeasedAttempt | undefined, hostId: string): string | null {
  if (attempt === undefined) return "the attempt holds no lease: it was lost, cleared or has ended";
  if (attempt.leaseState !== "running") return "the attempt was never started";
  return attempt.hostId === hostId ? null : `the attempt runs on host "${attempt.hostId}"`;
}

/** An attempt that is to begin on a host. */
interface Start {
  attemptId: string;
  hostId: string;
  entry: Exchange;
  /** As the host hears of it: it asked for it, or was to have it in the place of what ended. */
  kind: "granted" | "next";
}

function askedStarts(entry: Exchange): Start[] {
  const { hostId, starts } = entry.request;
  return starts.map((attemptId) => ({ attemptId, hostId, entry, kind: "granted" }));
}

/** What hosts were given in an answer that they never got. To be asked behind the locks of what ends in the batch: whoever was at work on the request as it was sent first has committed then. */
async function listUntold(context: EngineContext, tx: Transaction, batch: readonly Exchange[]): Promise<Start[]> {
  const { leaseMs } = context.limits;
  const untold = batch.map(async (entry): Promise<Start[]> => {
    const { hostId, known, starts } = entry.request;
    if (known === undefined) return [];
    const marginMs = leaseMs * SHARE_OF_LEASE_LEFT;
    const attemptIds = await listLeasesUnknownToHost(tx, { hostId, known: [...known, ...starts], marginMs, now: context.stampAt() });
    return attemptIds.map((attemptId) => ({ attemptId, hostId, entry, kind: "next" }));
  });
  return (await Promise.all(untold)).flat();
}

/** @param forReasons where to ask why something cannot begin: the transaction, unless its commit is on its way */
async function startAll(
  context: EngineContext,
  forReasons: Queryable,
  tx: Transaction,
  after: AfterCommit,
  wanted: readonly Start[],
): Promise<HostGrant[]> {
  if (wanted.length === 0) return [];
  const granted = await startAttempts(tx, { starts: wanted, leaseMs: context.limits.leaseMs, now: context.stampAt() });
  const byId = new Map(granted.map((attempt) => [attempt.attemptId, attempt]));
  const refused = wanted.filter(({ attemptId, kind }) => kind === "granted" && !byId.has(attemptId));
  const leases = refused.length === 0 ? new Map() : await listLeaseStates(forReasons, { attemptIds: refused.map(({ attemptId }) => attemptId) });
  for (const { attemptId, hostId, entry } of refused) entry.response.refused.push(refuse(attemptId, hostId, leases.get(attemptId)));
  if (granted.length > 0) after.wakes.add("state");
  for (const { dagRunId } of granted) after.changes.runs.add(dagRunId);
  return wanted.flatMap(({ attemptId, entry, kind }) => {
    const attempt = byId.get(attemptId);
    return attempt === undefined ? [] : [{ entry, kind, attempt }];
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

/** Tells hosts what they were given. Gives what cannot have its inputs: it is refused, and has to fail. */
async function giveGrants(context: EngineContext, after: AfterCommit, given: readonly HostGrant[], grants: GrantReader): Promise<Unstartable[]> {
  const problems: Unstartable[] = [];
  const built = await buildGrants(
    context,
    after,
    given.map(({ attempt }) => attempt),
    grants,
  );
  for (const [index, result] of built.entries()) {
    const { entry, kind } = given[index]!;
    if (!("problem" in result)) {
      entry.response[kind].push(result.grant);
      continue;
    }
    problems.push(result);
    if (kind === "granted") entry.response.refused.push({ attemptId: result.attemptId, code: "not_queued", reason: result.problem });
  }
  return problems;
}
