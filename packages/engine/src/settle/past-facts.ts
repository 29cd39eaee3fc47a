import type { DagSpec, MaybeState, PastFacts, RunModel, TaskSpec } from "@tradewind/core";
import { listPastFacts, type PastQuestion } from "@tradewind/metadata";
import type { RunWork } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/**
 * Reads what tasks have to know of earlier runs. Without the locks of those: what changes in them meanwhile makes this run look again (see `notePast`). A run that the same settlement
 * changes is seen as it is in memory: what is cleared together waits for each other.
 */
export async function loadPastFacts({ tx, runs }: Settlement, wanted: readonly { work: RunWork; taskIds: Iterable<string> }[]): Promise<void> {
  const asked = wanted.flatMap(({ work, taskIds }) => [...taskIds].map((taskId) => ({ work, taskId, question: pastQuestionOf(work, taskId) })));
  if (asked.length === 0) return;
  const found = await listPastFacts(tx, { tasks: asked.map(({ question }) => question) });
  const byTask = new Map(found.map((facts) => [JSON.stringify([facts.dagRunId, facts.taskId]), facts]));
  for (const { work, taskId } of asked) {
    const facts = byTask.get(JSON.stringify([work.run.id, taskId]));
    work.past.set(taskId, toPastFacts(asInMemory(runs, work, facts), work.graph.tasks.get(taskId)!.spec, work.graph.spec));
  }
}

type Found = Awaited<ReturnType<typeof listPastFacts>>[number] | undefined;

function asInMemory(runs: Settlement["runs"], { graph }: RunWork, found: Found): Found {
  const before = found?.previous == null ? undefined : runs.get(found.previous.dagRunId);
  if (before === undefined) return found;
  const { taskId, previous } = found!;
  const below = graph.tasks.get(taskId)!.downstream;
  const isHere = (id: string): boolean => before.isWhole || before.complete.has(id);
  const statesOf = (id: string): MaybeState[] => (before.byTask.get(id) ?? []).map(({ state }) => state);
  const states = isHere(taskId) ? statesOf(taskId) : previous!.states;
  const isBelowHere = previous!.downstreamStates.length > 0 && below.every(isHere);
  return { ...found!, previous: { ...previous!, states, downstreamStates: isBelowHere ? below.flatMap(statesOf) : previous!.downstreamStates } };
}

export function pastQuestionOf({ run, graph }: Pick<RunModel, "run" | "graph">, taskId: string): PastQuestion {
  const { spec, downstream } = graph.tasks.get(taskId)!;
  const { id: dagRunId, dagId, logicalDate } = run;
  return { dagRunId, dagId, logicalDate, taskId, isCatchup: graph.spec.catchup, downstream: spec.waitForDownstream ? downstream : [] };
}

/** The start date of a task is the later one of its own and the DAG's. */
export function toPastFacts(found: Found, task: TaskSpec, { catchup, startDate }: DagSpec): PastFacts {
  if (found === undefined) return { previous: null, hasRunBefore: false };
  const { previous, ranBefore } = found;
  return {
    hasRunBefore: ranBefore,
    previous: previous && {
      hasTask: previous.states.length > 0,
      states: previous.states,
      downstreamStates: previous.downstreamStates,
      isBeforeStartDate: catchup && [task.startDate, startDate].some((date) => date !== null && previous.logicalDate < new Date(date)),
    },
  };
}
