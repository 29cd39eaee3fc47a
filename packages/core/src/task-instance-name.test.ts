import { expect, it } from "vitest";
import { describeTaskInstance } from "./task-instance-name.ts";

it("names a task instance, with its map index when it has one", () => {
  const name = { dagId: "sales", runId: "manual__1", taskId: "load", mapIndex: -1 };
  expect(describeTaskInstance(name)).toBe('task "load" of run "manual__1" of DAG "sales"');
  expect(describeTaskInstance({ ...name, mapIndex: 3 })).toBe('task "load" [3] of run "manual__1" of DAG "sales"');
});
