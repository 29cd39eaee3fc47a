import { type PastFacts, type TaskSpec } from "@tradewind/core";
import { listPastFacts, type PastQuestion } from "@tradewind/metadata";
import type { RunWork } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/** Reads what tasks have to know of earlier runs. Without the locks of those: what changes in them meanwhile makes this run look again (see `notePast`). */
export async function loadPastFacts({ tx }: Settlement, wanted: readonly { work: RunWork; taskIds: Iterable<string> }[]): Promise<void> {
  const asked = wanted.flatMap(({ work, taskIds }) => [...taskIds].map((taskId) => ({ work, taskId, question: questionOf(work, taskId) })));
  if (asked.length === 0) return;
  const found = await listPastFacts(tx, { tasks: asked.map(({ question }) => question) });
  const byTask = new Map(found.map((facts) => [JSON.stringify([facts.dagRunId, facts.taskId]), facts]));
  for (const { work, taskId } of asked) {
    const { catchup } = work.graph.spec;
    const facts = byTask.get(JSON.stringify([work.run.id, taskId]));
    work.past.set(taskId, toFacts(facts, work.graph.tasks.get(taskId)!.spec, catchup));
  }
}

function questionOf({ run, graph }: RunWork, taskId: string): PastQuestion {
  const { spec, downstream } = graph.tasks.get(taskId)!;
  return { dagRunId: run.id, taskId, isCatchup: graph.spec.catchup, downstream: spec.waitForDownstream ? downstream : [] };
}

function toFacts(found: Awaited<ReturnType<typeof listPastFacts>>[number] | undefined, { startDate }: TaskSpec, catchup: boolean): PastFacts {
  if (found === undefined) return { previous: null, hasRunBefore: false };
  const { previous, ranBefore } = found;
  return {
    hasRunBefore: ranBefore,
    previous: previous && {
      hasTask: previous.states.length > 0,
      states: previous.states,
      downstreamStates: previous.downstreamStates,
      isBeforeStartDate: catchup && startDate !== null && previous.logicalDate < new Date(startDate),
    },
  };
}
