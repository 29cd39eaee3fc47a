/** What must and must not compile of setups, mapping, mapped groups, loops, conditions and callbacks; see types.test-d.ts. */
import { Dag, type PartRef, type TaskRef, type ListRef } from "./index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Called as `same<A, B>(true)`. */
declare function same<A, B>(verdict: Same<A, B>): void;

interface File {
  path: string;
  bytes: number;
}

const dag = new Dag("types");
const files = dag.task("files", async (): Promise<File[]> => []);
const names = dag.task("names", async () => ["a", "b"]);
const sizes = dag.task("sizes", async () => ({ a: 1, b: 2 }));
const load = dag.task("load", async ({ file, mode }: { file: string; mode: "full" | "delta" }) => ({ file, rows: mode.length }));
const sum = dag.task("sum", async ({ rows }: { rows: number[] }) => rows.length);

// Lists made of results.
const paths = files().map((file) => file.path);
same<typeof paths, ListRef<string>>(true);
load.partial({ mode: "full" }).expand({ file: paths });
load.partial({ mode: "full" }).expand({ file: paths.map(async (path) => path.trim()) });
const pairs = names().zip(files(), [1, 2]);
same<typeof pairs, ListRef<[string, File, 1 | 2]>>(true);
const filled = names().zipLongest({ fill: null }, files());
same<typeof filled, ListRef<[string | null, File | null]>>(true);
const all = names().concat(paths, ["c"]);
same<typeof all, ListRef<string>>(true);
const entries = sizes().map(([name, size]) => `${name}${size.toFixed()}`);
same<typeof entries, ListRef<string>>(true);
const results = load
  .partial({ mode: "full" })
  .expand({ file: ["a"] })
  .map((one) => one.rows);
sum({ rows: results });
// @ts-expect-error the function gets files, which have no such member
files().map((file) => file.size);
// @ts-expect-error numbers where file names are expected
load.partial({ mode: "full" }).expand({ file: files().map((file) => file.bytes) });
// @ts-expect-error a list that was put together has no parts
paths.get(0);

// expandKwargs.
load.expandKwargs([{ file: "a", mode: "full" }]);
load.partial({ mode: "delta" }).expandKwargs([{ file: names().get(0) }]);
const plan = dag.task("plan", async (): Promise<{ file: string; mode: "full" | "delta" }[]> => []);
const planned = load.expandKwargs(plan());
same<typeof planned, TaskRef<{ file: string; rows: number }[]>>(true);
load.partial({ mode: "full" }).expandKwargs(files().map((file) => ({ file: file.path })));
// @ts-expect-error an input is missing
load.expandKwargs([{ file: "a" }]);
// @ts-expect-error an object is no list
load.expandKwargs({ file: "a", mode: "full" });
// @ts-expect-error a list of texts
load.expandKwargs(names());

// Setups and teardowns.
const start = dag.setup("start", async () => ({ url: "u" }));
const stop = dag.teardown("stop", async ({ url }: { url: string }) => void url, { onFailureFailDagRun: true });
const cluster = start();
const made = dag.scope(stop({ url: cluster.get("url") }), () => ({ one: names() }));
same<typeof made.one, TaskRef<string[]>>(true);
const kept = names().asSetup();
same<typeof kept, TaskRef<string[]>>(true);
names()
  .asTeardown({ setups: [kept, cluster], onFailureFailDagRun: false })
  .asTeardown({ setups: kept })
  .asTeardown();
// @ts-expect-error a setup is a placed task
names().asTeardown({ setups: start });
// @ts-expect-error a scope belongs to a placed teardown
dag.scope(stop, () => 1);

// Mapped groups: inputs come typed, and the result is seen as lists.
const etl = dag
  .taskGroup("etl")
  .partial({ mode: "full" as const })
  .expand({ file: files(), day: [1, 2] }, ({ file, day, mode }, group) => {
    same<typeof file, PartRef<File>>(true);
    same<typeof day, PartRef<number>>(true);
    same<typeof mode, PartRef<"full">>(true);
    const loaded = load({ file: file.get("path"), mode });
    // @ts-expect-error a whole file where its path is expected
    load({ file, mode });
    return { loaded, inner: group.task("inner", async () => 1)() };
  });
same<typeof etl.result.loaded, TaskRef<{ file: string; rows: number }[]>>(true);
same<typeof etl.result.inner, TaskRef<number[]>>(true);
sum({ rows: etl.result.inner });
dag.taskGroup("sizes_of").expand({ entry: sizes() }, ({ entry }) => {
  same<typeof entry, PartRef<["a", number] | ["b", number]>>(true);
});
dag.taskGroup("kwargs").expandKwargs(plan(), ({ file, mode }) => load({ file, mode }));
dag.taskGroup("constant_kwargs").expandKwargs([{ file: "a" }], ({ file }) => load({ file, mode: "full" }));
// @ts-expect-error a scalar can't be expanded over
dag.taskGroup("scalar").expand({ file: "a" }, () => 1);

// Loops: what goes round has one type.
const improve = dag.task("improve", async ({ previous, index }: { previous: number | null; index: number }) => (previous ?? 0) + index);
const refined = dag.taskGroup("refine").loop({ maxIterations: 3, until: (result: number) => result > 2 }, ({ previous, index }) => {
  same<typeof previous, PartRef<number | null>>(true);
  return improve({ previous, index });
});
same<typeof refined.result, TaskRef<number>>(true);
dag.taskGroup("counted", { retries: 1, retryDelay: "1m" }).loop<number>({ maxIterations: 3 }, ({ previous }) => improve({ previous, index: 0 }));
// @ts-expect-error the body gives numbers
dag.taskGroup("mixed").loop({ maxIterations: 3, until: (result: string) => result === "" }, ({ index }) => improve({ previous: null, index }));
// @ts-expect-error a verdict is true or false
dag.taskGroup("vague").loop({ maxIterations: 3, until: (result: number) => result }, ({ index }) => improve({ previous: null, index }));
// @ts-expect-error the builder returns its last task
dag.taskGroup("endless").loop<number>({ maxIterations: 3 }, () => 1);

// Options that are code.
dag.task("coded", async ({ file }: { file: string }) => ({ rows: file.length }), {
  skipIf: ({ inputs, ds }) => inputs.file === ds,
  runIf: async ({ run }) => run.type === "scheduled",
  mapIndexTemplate: ({ inputs, result }) => `${inputs.file}: ${result?.rows ?? "?"}`,
  retryPolicy: [
    { error: TypeError, action: "fail", reason: "a mistake" },
    { code: ["ECONNRESET"], message: /reset/, action: "retry", delay: "5s" },
  ],
  onFailure: [({ error, task }) => [error?.message, task.taskId], async () => 1],
  onSkipped: ({ reason }) => reason,
});
// @ts-expect-error no such input
dag.task("coded_2", async ({ file }: { file: string }) => file, { skipIf: ({ inputs }) => inputs.files === "" });
// @ts-expect-error no such action
dag.task("coded_3", async () => 1, { retryPolicy: [{ action: "again" }] });
// @ts-expect-error no such part of the result
dag.task("coded_4", async () => ({ rows: 1 }), { mapIndexTemplate: ({ result }) => result!.row });
new Dag("callbacks", {
  defaultArgs: { onFailure: ({ level, error }) => `${level} ${error?.message}`, ignoreFirstDependsOnPast: false },
  onSuccess: ({ run, state }) => `${run.runId} ${state}`,
  onFailure: [({ task, reason }) => `${task?.taskId} ${reason}`],
});
dag.latestOnly("newest").before(names());
