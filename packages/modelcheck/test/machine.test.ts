import fc from "fast-check";
import { expect, test } from "vitest";
import { runOnMachine } from "../src/compare/run-on-machine.ts";
import { showCase } from "../src/compare/show-case.ts";
import { type Case, cases } from "../src/generate/case.ts";
import { countOfCases, seedOfCases } from "../src/sample.ts";

test("random DAGs and histories: the run machine has the states of the model at every step", { timeout: 300_000 }, () => {
  const seed = seedOfCases();
  const property = fc.property(cases, (source) => runOnMachine(source));
  const result = fc.check(property, { seed, numRuns: countOfCases(2_000) });
  expect(result.failed ? `seed ${seed}: ${describe(result.counterexample![0])}` : null).toBeNull();
});

function describe(source: Case): string {
  const log: string[] = [];
  try {
    runOnMachine(source, log);
    return "it did not happen again";
  } catch (error) {
    return `${String(error)}\n${showCase(source, log)}\n${JSON.stringify(source)}`;
  }
}
