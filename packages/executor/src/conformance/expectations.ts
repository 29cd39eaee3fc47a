import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { AttemptFacts, ConformanceHarness, TaskAddress } from "./harness.ts";

/** A lost attempt is noticed within this. */
export const NOTICED_WITHIN_MS = 15_000;

let files = 0;

/** A DAG file with one DAG of an id that no other case uses. `tasks` are statements that use `dag`. */
export async function putDag(harness: ConformanceHarness, tasks: string, id = `conformance_${process.pid}_${++files}`): Promise<string> {
  await harness.putDagFile(
    `${id}.ts`,
    `import { Dag, FailTask, SkipTask, getClient, getContext } from "tradewind";\n\nexport const dag = new Dag("${id}", { schedule: null, startDate: "2026-01-01" });\n${tasks}\n`,
  );
  return id;
}

/** Puts the DAG, runs it, and gives the addresses of its tasks. */
export async function begin(
  harness: ConformanceHarness,
  tasks: string,
): Promise<{ dagId: string; runId: string; task(taskId: string): TaskAddress }> {
  const dagId = await putDag(harness, tasks);
  const runId = await harness.triggerDag(dagId);
  return { dagId, runId, task: (taskId) => ({ dagId, runId, taskId }) };
}

export async function expectRun(harness: ConformanceHarness, run: { dagId: string; runId: string }, state: string, timeoutMs: number): Promise<void> {
  assert.equal(await harness.awaitRun(run.dagId, run.runId, timeoutMs), state, `final state of run ${run.runId} of ${run.dagId}`);
}

export async function expectAttempts(harness: ConformanceHarness, task: TaskAddress, expected: Partial<AttemptFacts>[]): Promise<AttemptFacts[]> {
  const attempts = await harness.listAttempts(task);
  const shown = attempts.map((attempt, index) =>
    Object.fromEntries(Object.keys(expected[index] ?? attempt).map((key) => [key, attempt[key as keyof AttemptFacts]])),
  );
  assert.deepEqual(shown, expected, `attempts of ${task.taskId}`);
  return attempts;
}

export async function messages(harness: ConformanceHarness, task: TaskAddress, tryNumber: number): Promise<string[]> {
  return (await harness.readLog(task, tryNumber)).map((line) => line.message);
}

/** Waits for a line of the log: proof that the handler has come so far. */
export async function awaitLine(harness: ConformanceHarness, task: TaskAddress, tryNumber: number, part: string, timeoutMs: number): Promise<void> {
  await until(
    async () => (await messages(harness, task, tryNumber)).some((message) => message.includes(part)),
    `"${part}" in the log of ${task.taskId}, try ${tryNumber}`,
    timeoutMs,
  );
}

export async function until(condition: () => Promise<boolean>, what: string, timeoutMs: number): Promise<void> {
  for (const giveUpAt = performance.now() + timeoutMs; !(await condition()); await sleep(25)) {
    assert.ok(performance.now() < giveUpAt, `${what} did not come within ${timeoutMs} ms`);
  }
}
