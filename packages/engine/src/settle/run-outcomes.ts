import { startRun as startModel } from "@tradewind/core";
import type { RunWork } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/** The run begins: its clock runs, and what is undecided is looked at. */
export function startRun({ after, context }: Settlement, work: RunWork): void {
  startModel(work);
  const { run } = work;
  after.wakes.add("state");
  if (work.timeoutAt !== null) after.wakes.add("timers");
  const scheduleDelayMs = run.runType === "scheduled" ? Math.max(0, run.now.getTime() - run.runAfter.getTime()) : null;
  after.events.push(() => context.events.dagRunStarted?.({ dagId: run.dagId, runType: run.runType, scheduleDelayMs }));
}
