import { isTerminal, type RunListener } from "@tradewind/core";
import { findUnfinished } from "../callbacks/run-callbacks.ts";
import type { RunWork } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/** What changes of a run in memory mean outside of it: the queue, leases, events, what others are told. */
export function listenTo(settlement: Settlement, work: RunWork): RunListener {
  const { after, context } = settlement;
  return {
    stateChanged(instance, before, withdrawn) {
      const { state } = instance;
      if (before === "scheduled" && state !== "scheduled") settlement.unqueued.add(instance);
      if (withdrawn !== null) {
        if (before === "running" || before === "restarting") settlement.stops.push({ instance, reason: withdrawn });
        else if (before === "queued") settlement.endedLeases.push({ attemptId: instance.attemptId, instance, work });
      }
      const { events } = context;
      if (events.taskInstanceFinished === undefined || !isTerminal(state) || before === "running" || before === "queued") return;
      const event = { dagId: work.run.dagId, taskId: instance.taskId, operator: instance.operator, state, durationMs: null };
      after.events.push(() => events.taskInstanceFinished?.(event));
    },

    runFinished(state, reason, byPerson) {
      const { run } = work;
      const taskInstanceId = reason === "timed_out" || reason === "all_tasks_deadlocked" ? findUnfinished(work) : null;
      settlement.finishedRuns.push({ work, state, reason, byPerson, taskInstanceId });
      // The run has ended: its place is free for the next one of its DAG. Nobody else is woken for that: looking through all DAGs at the end of each run would cost more than the run.
      after.dagsWithEndedRuns.add(run.dagId);
      after.wakes.add("state");
      const durationMs = run.startDate === null ? 0 : Math.max(0, run.now.getTime() - run.startDate.getTime());
      after.events.push(() => context.events.dagRunFinished?.({ dagId: run.dagId, runId: run.runId, state, durationMs }));
    },
  };
}
