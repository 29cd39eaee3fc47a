import { FAULT_CASES } from "./fault-cases.ts";
import type { ConformanceCase, ConformanceHarness, ConformanceTraits } from "./harness.ts";
import { OUTCOME_CASES } from "./outcome-cases.ts";

export type { AttemptFacts, ConformanceCase, ConformanceHarness, ConformanceTraits, TaskAddress } from "./harness.ts";

/** What every executor must do, each case by itself. */
export const CONFORMANCE_CASES: readonly ConformanceCase[] = [...OUTCOME_CASES, ...FAULT_CASES];

/** Of vitest, or of anything that looks like it. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>, timeoutMs?: number): void;
  beforeAll(body: () => Promise<void>, timeoutMs?: number): void;
  afterAll(body: () => Promise<void>, timeoutMs?: number): void;
}

const HARNESS_TIMEOUT_MS = 120_000;

/**
 * Declares the suite for one executor. One harness serves all cases: they use DAGs of their own, and leave the scheduler running.
 *
 * @example
 * import * as vitest from "vitest";
 * describeExecutor(vitest, "local", startLocalHarness);
 */
export function describeExecutor(api: TestApi, name: string, startHarness: () => Promise<ConformanceHarness>, traits: ConformanceTraits = {}): void {
  const known: Required<ConformanceTraits> = { outlivesScheduler: true, extraStartMs: 0, losesTransport: false, ...traits };
  api.describe(`executor ${name}`, () => {
    let harness: ConformanceHarness | undefined;
    api.beforeAll(async () => {
      harness = await startHarness();
    }, HARNESS_TIMEOUT_MS);
    api.afterAll(async () => harness?.close(), HARNESS_TIMEOUT_MS);
    for (const one of CONFORMANCE_CASES) {
      if (one.needs !== undefined && !known[one.needs]) continue;
      api.test(one.name, () => one.run(harness!, known), one.timeoutMs + 2 * known.extraStartMs);
    }
  });
}
