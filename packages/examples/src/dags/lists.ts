/** Lists made of results before a task is mapped over them: filtered, side by side, one after the other; and inputs that come as objects. */
import { Dag, SkipTask } from "tradewind";

export const dag = new Dag("lists", {
  description: "map with skip, concat, zip, and one object of inputs for each instance",
  tags: ["example", "mapping"],
  isPausedUponCreation: false,
});

const listLocal = dag.task("list_local", () => ["a.csv", "b.csv", "b.csv.tmp"])();
const listRemote = dag.task("list_remote", () => [{ path: "c.csv" }])();
const listTargets = dag.task("list_targets", () => ["lake", "archive"])();

const copy = dag.task("copy", ({ from, to }: { from: string; to: string }) => `${from} to ${to}`, {
  mapIndexTemplate: ({ inputs }) => `${inputs.from} (${inputs.to})`,
});
const report = dag.task("report", ({ copied, sizes }: { copied: string[]; sizes: (string | number)[][] }) => ({ copied, sizes }), {
  triggerRule: "none_failed",
});

// Runs in the process of each copy; the instance of the leftover is skipped.
const files = listLocal.concat(listRemote.map((file) => file.path)).map((path) => {
  if (path.endsWith(".tmp")) throw new SkipTask(`${path} is a leftover`);
  return path;
});
const copied = copy.partial({ to: "staging" }).expand({ from: files });

// As many as the shorter list has: each object is the inputs of one instance.
const stored = copy.withId("store").expandKwargs(listRemote.zip(listTargets).map(([file, target]) => ({ from: file.path, to: target })));

report({ copied, sizes: listTargets.zipLongest({ fill: 0 }, [1, 2, 3]) }).after(stored);
