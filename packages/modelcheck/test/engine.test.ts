import { expect, test } from "vitest";
import { checkOnEngine } from "../src/compare/check-on-engine.ts";
import { countOfCases, seedOfCases } from "../src/sample.ts";

const COUNT = countOfCases(640);

// TRADEWIND_MODEL_CASES=5000 runs more; TRADEWIND_MODEL_SEED=… the same again.
test(
  `${COUNT} random DAGs with random histories: the real engine on PostgreSQL has the states of the model at every step`,
  { timeout: 300_000 + COUNT * 1_000 },
  async () => {
    const seed = seedOfCases();
    console.log(`seed ${seed}, ${COUNT} cases`);
    const { checked, report } = await checkOnEngine(seed, COUNT);
    expect(report).toBeNull();
    expect(checked).toBe(COUNT);
  },
);
