import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { randomUUID } from "node:crypto";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Engine, EngineOptions, ExecutorRoom } from "../src/index.ts";
import { dagSpec, startEngine, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let errors: string[];
/** A new one per test, so that what it holds starts from nothing. */
let schedulerId: string;

beforeEach(async () => {
  errors = [];
  schedulerId = randomUUID();
  await builder(database.db).deleteFrom("task_queue").execute();
});

async function engineOf(options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await startEngine(database, {
    executors: ["local", "bullmq"],
    onError: (error) => void errors.push((error as Error).message),
    ...options,
  });
  onTestFinished(() => engine.close());
  return engine;
}

async function dispatch(engine: Engine, executors: ExecutorRoom[], { parallelism = 100, limit = 100 } = {}): Promise<string[]> {
  const { commands } = await engine.dispatch({ schedulerId, parallelism, executors, limit });
  return commands.map(({ taskId, executor, queue }) => `${taskId} ${executor} ${queue}`).sort();
}

const room = (name: string, free: number | null = null, isAway = false): ExecutorRoom => ({ name, free, isAway });
const BOTH = [room("local"), room("bullmq")];

test("a task goes to the executor it names, else to the one of its queue, else to the default one", async () => {
  const engine = await engineOf({ executorByQueue: { gpu: "bullmq" } });
  const tasks = [
    task("plain"),
    task("queued", { queue: "gpu" }),
    task("own", { executor: "bullmq" }),
    task("both", { executor: "local", queue: "gpu" }),
  ];
  await storeDags(engine, dagSpec("routes", tasks));
  await trigger(engine, "routes");
  expect(await dispatch(engine, BOTH)).toEqual(["both local gpu", "own bullmq default", "plain local default", "queued bullmq gpu"]);
});

test("a full executor hides no work of another one, whatever the priorities", async () => {
  const engine = await engineOf();
  const tasks = [
    ...Array.from({ length: 30 }, (_, index) => task(`first_${index}`, { priorityWeight: 100, executor: "bullmq" })),
    task("a", { executor: "local" }),
    task("b", { executor: "local" }),
  ];
  await storeDags(engine, dagSpec("crowd", tasks, { maxActiveTasks: 100 }));
  await trigger(engine, "crowd");
  expect(await dispatch(engine, [room("local", 1), room("bullmq", 0)], { limit: 5 })).toEqual(["a local default"]);
  expect(await dispatch(engine, [room("local", 5), room("bullmq", 2)], { limit: 5 })).toEqual([
    "b local default",
    "first_0 bullmq default",
    "first_1 bullmq default",
  ]);
});

test("what is queued at an executor that is away does not use up the parallelism of the others", async () => {
  const engine = await engineOf();
  const tasks = ["bullmq", "local"].flatMap((executor) => [0, 1, 2, 3].map((index) => task(`${executor}_${index}`, { executor })));
  await storeDags(engine, dagSpec("away", tasks));
  await trigger(engine, "away");
  expect(await dispatch(engine, [room("local", 0), room("bullmq")], { parallelism: 3 })).toHaveLength(3);
  expect(await dispatch(engine, [room("local"), room("bullmq", 0)], { parallelism: 3 })).toEqual([]);
  expect(await dispatch(engine, [room("local"), room("bullmq", 0, true)], { parallelism: 3 })).toEqual([
    "local_0 local default",
    "local_1 local default",
    "local_2 local default",
  ]);
  expect(await dispatch(engine, [room("local"), room("bullmq", 0, true)], { parallelism: 3 })).toEqual([]);
});

test("after a change of executors, what waits for one that is gone moves on, or is told why it cannot", async () => {
  const before = await engineOf({ executors: ["bullmq", "local"], defaultExecutor: "bullmq" });
  await storeDags(before, dagSpec("moved", [task("plain"), task("gpu", { queue: "gpu" }), task("chosen", { executor: "bullmq" })]));
  await trigger(before, "moved");

  const after = await engineOf({ executors: ["local", "other"], executorByQueue: { gpu: "other" } });
  const rooms = [room("local"), room("other")];
  expect(await dispatch(after, rooms)).toEqual([]);
  expect(await after.sweep({ limit: 100 })).toEqual({ repaired: 2 });
  expect(await dispatch(after, rooms)).toEqual(["gpu other gpu", "plain local default"]);
  const stuck = await builder(database.db)
    .selectFrom("task_instance")
    .select("state_reason")
    .where("task_id", "=", "chosen")
    .executeTakeFirstOrThrow();
  expect(stuck.state_reason).toBe('no executor "bullmq" is configured; there are: local, other');
  expect(errors).toEqual([
    '1 task instances wait for the executor "bullmq", which is not configured; there are: local, other. Configure it, or correct the tasks.',
  ]);
  expect(await after.sweep({ limit: 100 })).toEqual({ repaired: 0 });
  expect(errors).toHaveLength(1);
  expect(await dispatch(await engineOf(), BOTH)).toEqual(["chosen bullmq default"]);
});
