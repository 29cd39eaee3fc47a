import { planRunStarts } from "../run-limits.ts";
import { instancesOf } from "../run-machine/run-model.ts";
import { isFailed, isTerminal } from "../state-transitions.ts";
import { countOf, subjectOf, toAction, toCause } from "./causes.ts";
import { gatherCauses } from "./blocker-causes.ts";
import { explainEnded } from "./ended-causes.ts";
import { maxActiveRunsCause, pausedCause, schedulerCause } from "./system-causes.ts";
import { findBlockers } from "./waits.ts";
import type { WhyRunFacts } from "./why-facts.ts";
import { type Cause, MOST_NAMED } from "./why.ts";

/** Why a queued run has not begun. */
export function explainRunQueued({ system, dag, model, run }: WhyRunFacts): Cause[] {
  const causes = [...schedulerCause(system), ...pausedCause(dag)];
  const { dagId, runAfter, id } = model.run;
  if (runAfter > system.now) causes.push(toCause("run_after", "It is not to begin before its time.", { at: runAfter }));
  const queued = { id, dagId, backfillId: null, maxActiveRuns: dag.maxActiveRuns };
  if (planRunStarts([queued], new Map([[`dag:${dagId}`, dag.runningCount]])).length === 0)
    causes.push(maxActiveRunsCause(dag, { withQueued: false }));
  if (causes.length > 0) return causes;
  return [toCause("run_ready", "Nothing holds it back: it begins at the scheduler's next look.", { since: run.queuedAt })];
}

/** What a running run is busy with, or waits for: what stands at the root of everything that has not ended. */
export function explainRunRunning(facts: WhyRunFacts): Cause[] {
  const { model } = facts;
  const open = [...model.instances.values()].filter((instance) => !isTerminal(instance.state) && model.graph.tasks.has(instance.taskId));
  const causes = gatherCauses(facts, findBlockers(facts, open));
  if (causes.length > 0) return causes;
  const timers = [...model.instances.values()].flatMap((instance) => facts.instances.get(instance.id)?.timer ?? []);
  const retry = timers.find((timer) => timer.kind === "group_retry");
  if (retry !== undefined) return [toCause("group_retry", "A group in it ended with a failure and is run again.", { at: retry.dueAt })];
  return [toCause("about_to_be_decided", "Everything in it has ended: its outcome is about to be decided.")];
}

/** Why a run ended as it did. */
export function explainRunEnd(facts: WhyRunFacts): Cause[] {
  const { model, run } = facts;
  const { state, dagId, runId } = model.run;
  const since = run.endDate;
  const reason = run.stateReason;
  if (reason?.startsWith("marked") === true) return [toCause("run_marked", `A person marked it as ${state}.`, { since })];
  if (reason === "timed_out") {
    const limitMs = model.graph.spec.dagrunTimeoutMs;
    const limit = limitMs === null ? "" : ` of ${Math.round(limitMs / 1000)} s`;
    return [
      toCause("run_timed_out", `It took longer than its dagrun timeout${limit}.`, {
        since,
        unblock: "Clear it to have it go on, or raise the timeout.",
        action: toAction("open_run", "Show the run", { dagId, runId }),
      }),
    ];
  }
  if (reason === "all_tasks_deadlocked") {
    const waiting = [...model.instances.values()].filter((one) => !isTerminal(one.state));
    const sentence = `Nothing in it could go on any more: ${countOf(waiting.length, "task instance")} waited for something that can never happen.`;
    return [toCause("run_deadlocked", sentence, { since, named: waiting.slice(0, MOST_NAMED).map((one) => subjectOf(facts, one)) })];
  }
  if (state === "success") return [toCause("succeeded", "It succeeded.", { since })];
  return explainFailedTasks(facts, since);
}

function explainFailedTasks(facts: WhyRunFacts, since: Date | null): Cause[] {
  const { model } = facts;
  const { dagId, runId } = model.run;
  const decisive = model.graph.outcomeTaskIds.flatMap((taskId) => instancesOf(model, taskId)).filter((one) => isFailed(one.state));
  const ended = decisive.length > 0 ? decisive : [...model.instances.values()].filter((one) => isFailed(one.state));
  const roots = new Map<string, Cause>();
  for (const instance of ended) {
    for (const cause of explainEnded(facts, instance)) {
      for (const root of cause.because.length > 0 ? cause.because : [{ ...cause, about: subjectOf(facts, instance) }]) {
        roots.set(JSON.stringify([root.about?.taskId, root.about?.mapIndex]), root);
      }
    }
  }
  const because = [...roots.values()].slice(0, MOST_NAMED);
  const sentence = roots.size === 0 ? "It failed." : `It failed: ${countOf(roots.size, "task instance")} failed.`;
  return [
    toCause("failed", sentence, {
      since,
      because,
      unblock: "Clear what failed, together with what is below it.",
      action: toAction("open_run", "Show the run", { dagId, runId }),
    }),
  ];
}
