import { type RunNeeds, settleRun, xcomKey, type XComRef } from "@tradewind/core";
import { listXComs } from "@tradewind/metadata";
import { gatherXComs } from "../attempts/xcom-lookup.ts";
import { flush } from "./flush.ts";
import { loadPastFacts } from "./past-facts.ts";
import type { RunWork } from "./run-work.ts";
import { loadTasks, loadWholeRuns, type Settlement } from "./settlement.ts";

interface Asked {
  work: RunWork;
  needs: RunNeeds;
}

/** Applies everything that follows from the changes so far, up to the outcomes of runs; still in memory. What the runs ask for is read together. */
export async function settle(settlement: Settlement): Promise<void> {
  let open = [...settlement.runs.values()];
  while (open.length > 0) {
    const asked: Asked[] = open.flatMap((work) => {
      const needs = settleRun(work);
      return needs === null ? [] : [{ work, needs }];
    });
    if (asked.length > 0) await load(settlement, asked);
    open = asked.map(({ work }) => work);
  }
  for (const work of settlement.runs.values()) if (work.pastWaits.size > 0 && !settlement.knownPastWaits.has(work)) settlement.pastWaits.add(work);
}

/** Settles and writes. After it the transaction may go on with other things, but not with these runs' task instances. */
export async function settleAndFlush(settlement: Settlement): Promise<void> {
  await settle(settlement);
  await flush(settlement);
}

/** At most one statement of each kind, sent together. */
async function load(settlement: Settlement, asked: readonly Asked[]): Promise<void> {
  const whole = asked.filter(({ needs }) => needs.whole).map(({ work }) => work);
  await Promise.all([
    loadWholeRuns(settlement, whole),
    loadTasks(
      settlement,
      asked.filter(({ needs }) => !needs.whole).map(({ work, needs }) => ({ work, taskIds: needs.tasks })),
    ),
    loadXComs(
      settlement,
      asked.map(({ work, needs }) => ({ work, refs: [...needs.xcoms.values()] })),
    ),
    loadPastFacts(
      settlement,
      asked.map(({ work, needs }) => ({ work, taskIds: needs.past })),
    ),
  ]);
}

/** Reads XComs that decisions look at, all by one statement. */
export async function loadXComs({ tx }: Settlement, wanted: readonly { work: RunWork; refs: readonly XComRef[] }[]): Promise<void> {
  const refs = wanted.flatMap(({ work, refs }) => refs.map((ref) => ({ dagRunId: work.run.id, ...ref })));
  if (refs.length === 0) return;
  const gathered = gatherXComs(await listXComs(tx, { refs, maxBytes: null }));
  for (const { work, refs } of wanted) {
    const read = gathered.ofRun(work.run.id);
    for (const ref of refs) {
      work.xcoms.set(xcomKey(ref), [...read(ref)]);
      work.loadedXComs!.add(xcomKey(ref));
    }
  }
}
