import type { RunInstance } from "../run-machine/run-model.ts";
import { targetOf, toAction, toCause, toSentence } from "./causes.ts";
import { explainQueued, explainScheduled } from "./dispatch-causes.ts";
import { schedulerCause } from "./system-causes.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import type { Cause } from "./why.ts";

/** Of an instance that is on its way: what its own state says. Null: it is undecided, or has ended. */
export function explainNow(facts: WhyRunFacts, instance: RunInstance): Cause[] | null {
  const found = facts.instances.get(instance.id);
  switch (instance.state) {
    case "scheduled":
      return explainScheduled(facts, instance);
    case "queued":
      return explainQueued(facts, instance);
    case "running":
      return explainRunning(facts, instance);
    case "restarting":
      return [
        toCause("restarting", "It was cleared while it was running: it begins again when that attempt has stopped.", {
          at: found?.lease?.expiresAt ?? null,
        }),
      ];
    case "up_for_retry":
      return explainRetry(facts, instance);
    case "up_for_reschedule": {
      const said = found?.stateReason == null ? "" : ` ${toSentence(found.stateReason)}`;
      const sentence = `It looks again after a while, and holds no slot until then.${said}`;
      return [...overdueCause(facts, instance), toCause("reschedule", sentence, { at: found?.timer?.dueAt ?? null, since: found?.endedAt ?? null })];
    }
    case "deferred":
      return [toCause("deferred", "It has put itself off until something happens outside of it.")];
    case "awaiting_input":
      return [toCause("awaiting_input", "It waits for somebody to answer.", { action: toAction("open_task", "Answer", targetOf(facts, instance)) })];
    default:
      return null;
  }
}

/** Its time has come, and nobody is there to see it. */
function overdueCause({ system, instances }: WhyRunFacts, { id }: RunInstance): Cause[] {
  const dueAt = instances.get(id)?.timer?.dueAt;
  return dueAt !== undefined && dueAt <= system.now ? schedulerCause(system) : [];
}

function explainRunning(facts: WhyRunFacts, { id, tryNumber }: RunInstance): Cause[] {
  const found = facts.instances.get(id);
  const lease = found?.lease ?? null;
  const where = lease?.worker ?? found?.hostname ?? null;
  const since = found?.startedAt ?? null;
  const on = where === null ? "" : ` on "${where}"`;
  if (lease?.stopReason != null) return [toCause("stopping", `It was told to stop${on}: ${lease.stopReason}.`, { since, at: lease.expiresAt })];
  if (lease !== null && lease.expiresAt < facts.system.now) {
    const unblock = "The scheduler gives it up, and the rules for retries apply.";
    return [toCause("silent", `It runs${on}, which has not been heard of for too long.`, { since, unblock })];
  }
  return [toCause("running", `It is running${on}${tryNumber > 1 ? `, try ${tryNumber}` : ""}.`, { since })];
}

function explainRetry(facts: WhyRunFacts, instance: RunInstance): Cause[] {
  const found = facts.instances.get(instance.id);
  const { tryNumber, maxTries } = instance;
  const reason = found?.stateReason == null ? "" : ` ${toSentence(found.stateReason)}`;
  const sentence = `It waits for its next try: ${tryNumber} of ${Math.max(tryNumber + 1, maxTries + 1)} tries are used.${reason}`;
  return [
    ...overdueCause(facts, instance),
    toCause("retry_delay", sentence, {
      at: found?.timer?.dueAt ?? null,
      since: found?.endedAt ?? null,
      unblock: "Clear the task to have it tried at once.",
      action: toAction("clear_task", "Clear", targetOf(facts, instance)),
    }),
  ];
}
