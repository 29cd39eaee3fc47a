import type { GrantedAttempt } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import type { BuiltGrant, GrantReader } from "./grants.ts";
import { failUnstartable } from "./lost-attempts.ts";

/** It has begun, and its inputs cannot be had. */
export interface Unstartable {
  attemptId: string;
  problem: string;
}

/** The grants of attempts that begin in a transaction, in their order; that they began is told once it is committed. */
export async function buildGrants(
  context: EngineContext,
  after: AfterCommit,
  attempts: readonly GrantedAttempt[],
  grants: GrantReader,
): Promise<BuiltGrant[]> {
  const built = await grants.build(attempts);
  for (const [index, result] of built.entries())
    if (!("problem" in result)) after.events.push(() => tellStarted(context, result.grant.context.dagId, attempts[index]!));
  return built;
}

function tellStarted({ events }: EngineContext, dagId: string, { taskId, queue, queuedMs, scheduledMs }: GrantedAttempt): void {
  events.taskInstanceStarted?.({ dagId, taskId, queue, queuedDurationMs: queuedMs, scheduledDurationMs: scheduledMs });
}

/** What was granted in a transaction that is committed. Whatever happens here, the others that began in it are told of; these are lost with their leases at the latest. */
export async function failGranted(context: EngineContext, unstartable: readonly Unstartable[]): Promise<void> {
  if (unstartable.length === 0) return;
  try {
    await commit(context, (tx, after) => failUnstartable(context, tx, after, unstartable));
  } catch (error) {
    for (const { attemptId } of unstartable) context.onError(error, { what: "end of an attempt without inputs", id: attemptId });
  }
}
