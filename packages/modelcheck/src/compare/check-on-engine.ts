import fc from "fast-check";
import { type Case, cases } from "../generate/case.ts";
import { sampleCases } from "../sample.ts";
import { type Disagreement, runBatch } from "./run-batch.ts";
import { showCase } from "./show-case.ts";

/** Cases that share a database. */
const BATCH = 160;
const SHRINKING_MS = 90_000;

export interface EngineCheck {
  checked: number;
  disagreements: number;
  /** The first disagreement, made as small as it goes, for people; null: there was none. */
  report: string | null;
}

/** Runs the cases of a seed through engine and model, batch after batch, up to the first batch with a disagreement. */
export async function checkOnEngine(seed: number, count: number): Promise<EngineCheck> {
  const all = sampleCases(seed, count);
  for (let at = 0; at < all.length; at += BATCH) {
    const found = await runBatch(all.slice(at, at + BATCH));
    if (found.length === 0) continue;
    const report = await describe(
      seed,
      all,
      found.map((one) => ({ ...one, index: at + one.index })),
    );
    return { checked: Math.min(at + BATCH, all.length), disagreements: found.length, report };
  }
  return { checked: all.length, disagreements: 0, report: null };
}

async function describe(seed: number, all: readonly Case[], found: readonly Disagreement[]): Promise<string> {
  const [first] = found;
  const smallest = await shrink(seed, first!.index);
  const source = smallest ?? all[first!.index]!;
  const [again] = await runBatch([source]);
  const { problem, log } = again ?? first!;
  const place = `seed ${seed}, case ${first!.index} of ${all.length}${again === undefined ? " (alone it does not happen: it needs the other cases of its batch)" : ""}`;
  return `${place}: ${problem}\n${showCase(source, log)}\n${JSON.stringify(source)}`;
}

/** Runs the case alone, and smaller ones like it. */
async function shrink(seed: number, index: number): Promise<Case | undefined> {
  const property = fc.asyncProperty(cases, async (source) => (await runBatch([source])).length === 0);
  const options = { seed, path: String(index), numRuns: 1, interruptAfterTimeLimit: SHRINKING_MS, markInterruptAsFailure: false };
  const result = await fc.check(property, options);
  return result.counterexample?.[0];
}
