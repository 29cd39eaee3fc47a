import type { RunInstance } from "../run-machine/run-model.ts";
import { isTerminal } from "../state-transitions.ts";
import { describeTask } from "../task-instance-name.ts";
import { subjectOf, toAction, toCause } from "./causes.ts";
import { explainInstanceCauses } from "./instance-causes.ts";
import { explainRunEnd, explainRunQueued, explainRunRunning } from "./run-causes.ts";
import { drainingCause, maxActiveRunsCause, pausedCause, schedulerCause } from "./system-causes.ts";
import type { WhyDag, WhyRunFacts, WhySchedule, WhySystem } from "./why-facts.ts";
import type { Cause, Why, WhySubject } from "./why.ts";

/** Why a task instance is not running; of one that runs or has ended, that. Pure: the facts are all it goes by. */
export function explainTaskInstance(facts: WhyRunFacts, instance: RunInstance): Why {
  const causes = explainInstanceCauses(facts, instance);
  const isEnded =
    isTerminal(instance.state) || (instance.state === null && (facts.model.run.state === "success" || facts.model.run.state === "failed"));
  const status = isEnded ? "ended" : instance.state === "running" ? "running" : "waiting";
  return toWhy(subjectOf(facts, instance), status, causes);
}

/** A task of which the run has no instance: it is newer than the version the run goes by, or outside of its own dates. */
export function explainMissingTask(facts: WhyRunFacts, taskId: string): Why {
  const { dagId, runId } = facts.model.run;
  const isKnown = facts.model.graph.tasks.has(taskId);
  const sentence = isKnown
    ? "The run has no instance of it: the run lies before its start date or after its end date."
    : "The run has no instance of it: the version of the DAG that the run goes by has no such task.";
  return toWhy({ dagId, runId, taskId, mapIndex: null, state: null }, "ended", [toCause("no_instance", sentence)]);
}

/** Why a run has not begun, what it waits for, or why it ended as it did. */
export function explainDagRun(facts: WhyRunFacts): Why {
  const { dagId, runId, state } = facts.model.run;
  const subject: WhySubject = { dagId, runId, taskId: null, mapIndex: null, state };
  if (state === "queued") return toWhy(subject, "waiting", explainRunQueued(facts));
  if (state === "running") return toWhy(subject, "running", explainRunRunning(facts));
  return toWhy(subject, "ended", explainRunEnd(facts));
}

/** Why a DAG has no new run, and when it gets its next one. */
export function explainDag(system: WhySystem, dag: WhyDag, schedule: WhySchedule): Why {
  const { dagId } = dag;
  const causes: Cause[] = [];
  if (dag.isStale) {
    const unblock = "Put the file back, or delete the DAG.";
    causes.push(
      toCause("dag_stale", `No file defines DAG "${dagId}" any more.`, { unblock, action: toAction("open_dag", "Show the DAG", { dagId }) }),
    );
  }
  if (dag.hasImportErrors) causes.push(importErrorCause(dag));
  causes.push(...schedulerCause(system), ...pausedCause(dag), ...drainingCause(dag));
  // A schedule that makes no runs until somebody says so has nothing to tell.
  const ofSchedule = dag.isDraining ? [] : explainSchedule(system, dag, schedule);
  // That a run is due says nothing where something keeps it from being made.
  causes.push(...ofSchedule.filter((cause) => cause.code !== "run_due" || causes.length === 0));
  const subject: WhySubject = { dagId, runId: null, taskId: null, mapIndex: null, state: schedule.latestRun?.state ?? null };
  return toWhy(subject, "waiting", causes);
}

function importErrorCause({ dagId, importError }: WhyDag): Cause {
  const where =
    importError === null
      ? ""
      : ` (${importError.file}${importError.line === null ? "" : `, line ${importError.line}`}: ${importError.message.split("\n", 1)[0]})`;
  return toCause("import_error", `The file of DAG "${dagId}" cannot be loaded${where}.`, {
    unblock: "Correct the file: it is loaded again when it is saved.",
    action: toAction("open_import_errors", "Show the error"),
  });
}

function explainSchedule({ now }: WhySystem, dag: WhyDag, schedule: WhySchedule): Cause[] {
  const { timetable, startDate, endDate, nextRunAt, isCreationBlocked } = schedule;
  const { dagId } = dag;
  const mayTrigger = schedule.allowedRunTypes === null || schedule.allowedRunTypes.includes("manual");
  const trigger = mayTrigger ? toAction("trigger_dag", "Trigger", { dagId }) : null;
  if (timetable.kind === "none")
    return [toCause("no_schedule", "It has no schedule: it runs when somebody triggers it.", { unblock: "Trigger it.", action: trigger })];
  if (schedule.allowedRunTypes?.includes("scheduled") === false) {
    const sentence = `Its schedule makes no runs: the DAG allows only ${schedule.allowedRunTypes.join(", ")} runs (allowed_run_types).`;
    return [toCause("scheduled_runs_not_allowed", sentence, { unblock: mayTrigger ? "Trigger it." : null, action: trigger })];
  }
  if (isCreationBlocked) return [{ ...maxActiveRunsCause(dag, { withQueued: true }), at: null }];
  if (nextRunAt === null) return [explainNoNext({ dag, schedule, trigger, now })];
  if (nextRunAt <= now) return [toCause("run_due", "Its next run is due.", { at: nextRunAt })];
  if (startDate !== null && startDate > now) {
    return [
      toCause("start_date_in_future", "Its start date has not come: its first run is made then.", {
        at: nextRunAt,
        unblock: "Trigger it for a run before that.",
        action: trigger,
      }),
    ];
  }
  const isMissed = !schedule.catchup && schedule.latestRun === null && startDate !== null;
  const missed = isMissed ? " Catchup is off: runs that lie in the past are not made." : "";
  const until = endDate === null ? "" : endDate < nextRunAt ? " It is the last one." : "";
  return [toCause("next_run", `Its schedule makes the next run when its time comes.${until}${missed}`, { at: nextRunAt, action: trigger })];
}

function explainNoNext({
  dag,
  schedule,
  trigger,
  now,
}: {
  dag: WhyDag;
  schedule: WhySchedule;
  trigger: ReturnType<typeof toAction> | null;
  now: Date;
}): Cause {
  const { timetable, endDate, latestRun } = schedule;
  const rest = { unblock: "Trigger it for another run.", action: trigger };
  if (endDate !== null && endDate <= now)
    return toCause("schedule_over", "Its end date has passed: its schedule makes no more runs.", { ...rest, since: endDate });
  if (timetable.kind === "continuous" && dag.runningCount + dag.queuedCount > 0) {
    return toCause("max_active_runs", "Its schedule is continuous: the next run is made when the one before has ended.", {
      named: dag.runningRuns.map((run) => ({ dagId: dag.dagId, runId: run.runId, taskId: null, mapIndex: null, state: "running" })),
    });
  }
  if (timetable.kind === "once" && latestRun !== null) return toCause("schedule_over", "Its schedule is for one run, which it has had.", rest);
  if (timetable.kind === "events") return toCause("schedule_over", "The last of the instants in its schedule has passed.", rest);
  return toCause("schedule_over", "Its schedule makes no more runs.", rest);
}

function toWhy(subject: WhySubject, status: Why["status"], causes: Cause[]): Why {
  return { subject, status, summary: summarise(causes[0]!), causes };
}

/** The first cause, and what is at the root of it. */
function summarise(first: Cause): string {
  let root = first;
  while (root.because[0] !== undefined) root = root.because[0];
  if (root === first) return first.sentence;
  const { about } = root;
  const name = about?.taskId == null ? "" : `${describeTask(about.taskId, about.mapIndex ?? -1)}: `;
  return `${first.sentence} ${name}${root.sentence}`;
}
