import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallbackEnd, createEngine, type DueCallback, type Engine } from "@tradewind/engine";
import { createDagLoader, stopBundler } from "@tradewind/loader";
import { freshFernet, useTestDatabase } from "@tradewind/testkit/database";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { CallbackLoop, DagProcessor, NO_DAG_PROCESSOR_METRICS } from "../src/index.ts";

const database = useTestDatabase();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let engine: Engine;
let root: string;

/** A DAG of an empty task: its runs end as they are made, and each asks for the callback on success. */
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-callbacks-")));
  engine = createEngine({
    ...{ db: database.db, hot: database.hot, fernet: freshFernet(), issueAttemptToken: () => "", defaultExecutor: "local" },
    ...{ listens: false, dagsArePausedAtCreation: false },
  });
  const source = `import { Dag } from "tradewind";
import { empty } from "tradewind/operators";
export const dag = new Dag("calls", { isPausedUponCreation: false, onSuccess: () => {} });
dag.add(empty("nothing"));
`;
  await writeFile(join(root, "calls.ts"), source);
  const processor = new DagProcessor({
    ...{ engine, loader: createDagLoader({ processes: 1, keepWarm: false }), folders: [{ name: root, path: root }], release: "1", logger: quiet },
  });
  await processor.runOnce();
  await processor.stop();
});
afterAll(async () => {
  await engine.close();
  await stopBundler();
  await rm(root, { recursive: true, force: true });
});

const trigger = () => engine.triggerDagRun({ dagId: "calls", logicalDate: null, triggeredBy: "test", actor: { name: "test" } });
const well: CallbackEnd = { problem: null, output: "", durationMs: 1 };

function startLoop(run: (due: DueCallback) => Promise<CallbackEnd>, stopRunning: () => void = () => undefined): CallbackLoop {
  const loop = new CallbackLoop({ engine, run, stopRunning, logger: quiet, metrics: NO_DAG_PROCESSOR_METRICS, slots: 2, sweepMs: 60_000 });
  onTestFinished(() => loop.stop());
  loop.start();
  return loop;
}

test("each request is run once, as soon as it is there, and no more at once than there are slots", async () => {
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  const gates: (() => void)[] = [];
  startLoop(async (due) => {
    most = Math.max(most, (running += 1));
    seen.push(due.context.runId);
    await new Promise<void>((resolve) => gates.push(resolve));
    running -= 1;
    return well;
  });
  const runs = [await trigger(), await trigger(), await trigger(), await trigger()].map(({ runId }) => runId);
  for (let ended = 0; ended < runs.length; ended++) {
    await expect.poll(() => gates.length).toBeGreaterThan(0);
    gates.shift()!();
  }
  await expect.poll(() => seen.length).toBe(4);
  await expect.poll(() => running).toBe(0);
  expect(seen.sort()).toEqual(runs.sort());
  expect(most).toBe(2);
  await expect.poll(() => engine.nextCallbackDueAt()).toBeNull();
});

test("what is cut off by the end of the process comes back to another one", async () => {
  const stop = Promise.withResolvers<CallbackEnd>();
  const taken: DueCallback[] = [];
  const loop = startLoop(
    (due) => {
      taken.push(due);
      return stop.promise;
    },
    () => stop.resolve({ problem: { message: "stopped", failedCalls: null }, output: "", durationMs: 1 }),
  );
  await trigger();
  await expect.poll(() => taken.length).toBe(1);
  await loop.stop();
  // It is still there, due when the time of whoever took it is over.
  expect((await engine.nextCallbackDueAt())!.getTime()).toBeGreaterThan(Date.now());
  await engine.endCallback(taken[0]!, well);
  expect(await engine.nextCallbackDueAt()).toBeNull();
});
