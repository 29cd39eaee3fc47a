import { expect, test } from "vitest";
import { testDag } from "tradewind/testing";
import { authorDag } from "../src/agreement/authored-dag.ts";
import { runOnEngine } from "../src/agreement/run-on-engine.ts";
import { EngineHarness } from "../src/engine-harness.ts";
import { sampleCases, seedOfCases } from "../src/sample.ts";

const COUNT = 200;

test(`${COUNT} generated DAGs with failures have the same states in the testing kit and in the engine`, { timeout: 300_000 }, async () => {
  const seed = seedOfCases();
  console.log(`seed ${seed}`);
  const dags = sampleCases(seed, COUNT).map(({ dag }, index) => {
    const { dag: authored, endOf } = authorDag(dag, `dag_${index}`);
    return { endOf, kit: testDag(authored) };
  });
  await using harness = await EngineHarness.start(new Date("2026-01-01T00:00:00Z"));
  const inEngine = await runOnEngine(
    harness,
    dags.map(({ kit, endOf }) => ({ spec: kit.spec, endOf })),
  );
  let failed = 0;
  for (const { kit } of dags) {
    const { state, states } = await kit.run({ logicalDate: null });
    const { dagId } = kit.spec;
    const seen = inEngine.get(dagId)!;
    expect({ dagId, state, states }, `seed ${seed}, ${dagId}`).toEqual({ dagId, state: seen.state, states: seen.states });
    if (Object.values(states).includes("failed")) failed += 1;
  }
  // Else there is little to agree about.
  expect(failed).toBeGreaterThan(COUNT / 4);
});
