import type { AttemptContext, AttemptGrant } from "@tradewind/contract";
import { errorMessage, type Json, listXComRefs, type ResolvedInputs, resolveTaskInputs, type TaskSpec, type XComRef } from "@tradewind/core";
import {
  type DagRunContext,
  deleteXComs,
  type GrantedAttempt,
  listDagRunContexts,
  listXComs,
  type Queryable,
  type Transaction,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { LoadedDagVersion } from "../dag-versions.ts";
import { isRepeated } from "../dispatch/take.ts";
import { type GatheredXComs, gatherXComs } from "./xcom-lookup.ts";

/** An attempt that was granted, ready to be told; or why its inputs cannot be had, so that it fails instead. */
export type BuiltGrant = { attemptId: string; grant: AttemptGrant } | { attemptId: string; problem: string };

/** An attempt that is granted, or about to be. */
type AttemptToGrant = Pick<GrantedAttempt, "taskInstanceId" | "dagRunId" | "dagVersionId" | "taskId">;

/** What grants are made of, beside the attempts themselves. */
interface GrantFacts {
  runs: ReadonlyMap<number, DagRunContext>;
  versions: ReadonlyMap<number, LoadedDagVersion>;
  xcoms: GatheredXComs;
}

/** Makes grants of attempts; what they need can be asked for before it is certain that they begin. */
export class GrantReader {
  readonly #context: EngineContext;
  readonly #tx: Transaction;
  readonly #runs: ReadonlyMap<number, DagRunContext>;
  readonly #facts = new Map<number, Promise<GrantFacts>>();
  /** Reads that have a statement to send yet: they wait for a DAG version that is not in memory. */
  #unsent = 0;

  /** @param runs those that this transaction has locked and read */
  constructor(context: EngineContext, tx: Transaction, runs: ReadonlyMap<number, DagRunContext> = new Map()) {
    this.#context = context;
    this.#tx = tx;
    this.#runs = runs;
  }

  /** Nothing that was read has a statement to send yet. */
  get isSent(): boolean {
    return this.#unsent === 0;
  }

  /** Sends the questions about those that were not asked about yet: at most two statements for all of them, which travel together. `onSent`: nothing more will be asked. */
  read(attempts: readonly AttemptToGrant[], onSent?: () => void): void {
    const unread = attempts.filter(({ taskInstanceId }) => !this.#facts.has(taskInstanceId));
    if (unread.length === 0) return onSent?.();
    this.#unsent += 1;
    const facts = readGrantFacts(this.#context, this.#tx, unread, this.#runs, () => {
      this.#unsent -= 1;
      onSent?.();
    });
    // Whoever builds grants hears of it; nobody may come to that.
    facts.catch(() => undefined);
    for (const { taskInstanceId } of unread) this.#facts.set(taskInstanceId, facts);
  }

  /** Everything a runner needs for these attempts, which have been read and have begun. What an earlier try left behind is taken away. */
  async build(attempts: readonly GrantedAttempt[]): Promise<BuiltGrant[]> {
    const clearing = deleteXComs(this.#tx, attempts.filter(isRepeated));
    const building = attempts.map(async (attempt) => buildGrant(this.#context, attempt, await this.#facts.get(attempt.taskInstanceId)!));
    const [grants] = await Promise.all([Promise.all(building), clearing]);
    return grants;
  }
}

async function readGrantFacts(
  context: EngineContext,
  tx: Transaction,
  attempts: readonly AttemptToGrant[],
  known: ReadonlyMap<number, DagRunContext>,
  onSent: () => void,
): Promise<GrantFacts> {
  const dagRunIds = [...new Set(attempts.map((attempt) => attempt.dagRunId))].filter((id) => !known.has(id));
  const [read, { versions, xcoms }] = await Promise.all([
    dagRunIds.length === 0 ? [] : listDagRunContexts(tx, { dagRunIds }),
    readInputs(context, tx, attempts, onSent),
  ]);
  return { runs: read.length === 0 ? known : new Map([...known, ...read.map((run) => [run.id, run] as const)]), versions, xcoms };
}

async function readInputs(
  context: EngineContext,
  tx: Transaction,
  attempts: readonly AttemptToGrant[],
  onSent: () => void,
): Promise<Omit<GrantFacts, "runs">> {
  const ids = new Set(attempts.map((attempt) => attempt.dagVersionId));
  await context.versions.load(tx, ids);
  // Kept here: while XComs are read, others may push versions out.
  const versions = new Map([...ids].map((id) => [id, context.versions.get(id)]));
  const wanted = attempts.map((attempt) => ({ dagRunId: attempt.dagRunId, refs: refsOf(versions, attempt) }));
  const xcoms = readXComs(tx, wanted, context.limits.maxInlineInputsBytes);
  onSent();
  return { versions, xcoms: await xcoms };
}

function refsOf(versions: GrantFacts["versions"], { dagVersionId, taskId }: AttemptToGrant): readonly XComRef[] {
  const { graph } = versions.get(dagVersionId)!;
  return listXComRefs(graph, graph.tasks.get(taskId)!);
}

function buildGrant(context: EngineContext, attempt: GrantedAttempt, { runs, versions, xcoms }: GrantFacts): BuiltGrant {
  const run = runs.get(attempt.dagRunId)!;
  const version = versions.get(attempt.dagVersionId)!;
  const node = version.graph.tasks.get(attempt.taskId)!;
  try {
    const isWhole = xcoms.has(run.id, refsOf(versions, attempt));
    const inputs = isWhole ? inline(context, resolveTaskInputs(version.graph, node, attempt.mapIndex, xcoms.ofRun(run.id))) : null;
    return { attemptId: attempt.attemptId, grant: toGrant(context, attempt, run, version, node.spec, inputs) };
  } catch (error) {
    return { attemptId: attempt.attemptId, problem: errorMessage(error) };
  }
}

export async function readXComs(
  db: Queryable,
  wanted: readonly { dagRunId: number; refs: readonly XComRef[] }[],
  maxBytes: number | null,
): Promise<GatheredXComs> {
  const refs = new Map<string, { dagRunId: number } & XComRef>();
  for (const { dagRunId, refs: own } of wanted)
    for (const ref of own) refs.set(JSON.stringify([dagRunId, ref.taskId, ref.key]), { dagRunId, ...ref });
  return gatherXComs(await listXComs(db, { refs: [...refs.values()], maxBytes }));
}

interface InlineInputs {
  text: string;
  inputMaps: ResolvedInputs["inputMaps"];
}

function inline({ limits }: EngineContext, { inputs, inputMaps }: ResolvedInputs): InlineInputs | null {
  const text = JSON.stringify(inputs);
  return text.length <= limits.maxInlineInputsBytes ? { text, inputMaps } : null;
}

function toGrant(
  context: EngineContext,
  attempt: GrantedAttempt,
  run: DagRunContext,
  version: LoadedDagVersion,
  spec: TaskSpec,
  inputs: InlineInputs | null,
): AttemptGrant {
  const { leaseMs } = context.limits;
  return {
    attemptId: attempt.attemptId,
    taskInstanceId: attempt.taskInstanceId,
    token: context.issueAttemptToken({ attemptId: attempt.attemptId, ttlMs: leaseMs * 2 }),
    leaseMs,
    bundleSha256: attempt.bundleSha256,
    resolveFrom: version.resolveFrom,
    isolation: spec.isolation,
    memoryLimitMb: spec.memoryLimitMb,
    executionTimeoutMs: spec.executionTimeoutMs,
    inputs: inputs?.text ?? null,
    ...(inputs !== null && inputs.inputMaps.length > 0 && { inputMaps: inputs.inputMaps }),
    ...(spec.callbacks.length > 0 && { callbacks: spec.callbacks }),
    context: attemptContext(run, version, attempt),
  };
}

/** What author code sees of its attempt. */
export function attemptContext(
  run: DagRunContext,
  version: LoadedDagVersion,
  attempt: Pick<GrantedAttempt, "attemptId" | "taskId" | "mapIndex" | "tryNumber" | "maxTries" | "firstStartedAt" | "rescheduleCount">,
): AttemptContext {
  const conf = JSON.parse(run.conf) as Record<string, Json>;
  const defaults = Object.entries(version.graph.spec.params).flatMap(([name, param]) =>
    param.default === undefined ? [] : [[name, param.default] as const],
  );
  return {
    dagId: run.dagId,
    runId: run.runId,
    runType: run.runType,
    taskId: attempt.taskId,
    mapIndex: attempt.mapIndex,
    tryNumber: attempt.tryNumber,
    maxTries: attempt.maxTries,
    attemptId: attempt.attemptId,
    firstStartedAt: iso(attempt.firstStartedAt),
    rescheduleCount: attempt.rescheduleCount ?? 0,
    logicalDate: iso(run.logicalDate),
    dataIntervalStart: iso(run.dataIntervalStart),
    dataIntervalEnd: iso(run.dataIntervalEnd),
    runAfter: run.runAfter.toISOString(),
    runStartedAt: iso(run.startDate),
    conf,
    params: { ...Object.fromEntries(defaults), ...conf },
    dagVersion: version.versionNumber,
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
