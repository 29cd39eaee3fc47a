/**
 * What must and must not compile in a DAG file; checked by `tsc` with the rest of the workspace. An `@ts-expect-error` over a line that does compile is
 * an error itself, and `same` fails when a type is looser than it says (any, unknown or a union).
 */
import { z } from "zod";
import { Dag, getContext, type Json, type NoInputs, type Serialized, type TaskRef } from "./index.ts";
import { bash, empty, http, sql, triggerDagRun, type SqlRow, type TriggeredRun } from "./operators/index.ts";
import type { TemplateContext } from "./index.ts";
import { collectDags, toSpec } from "./internal.ts";
import { PokeReturn } from "./sensors/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Called as `same<A, B>(true)`. */
declare function same<A, B>(verdict: Same<A, B>): void;

interface StoreTotal {
  store: string;
  total: number;
}

const dag = new Dag("types");
const stores = dag.task("stores", async () => ["north", "south"]);
const total = dag.task("total", async ({ store }: { store: string; currency: string; note?: string }): Promise<StoreTotal> => ({ store, total: 1 }));
const report = dag.task("report", async ({ totals }: { totals: StoreTotal[] }) => totals.length);
const flag = dag.task("flag", ({ n }: { n: number }) => n > 1);
const nothing = dag.task("nothing", async () => {});

// Results flow.
same<ReturnType<typeof stores>, TaskRef<string[]>>(true);
same<ReturnType<typeof total>, TaskRef<StoreTotal>>(true);
same<ReturnType<typeof nothing>, TaskRef<null>>(true);
const mapped = total.partial({ currency: "EUR" }).expand({ store: stores() });
same<typeof mapped, TaskRef<StoreTotal[]>>(true);
report({ totals: mapped });
report({ totals: [total({ store: "north", currency: "EUR" }), { store: "south", total: 2 }] });
report({ totals: [{ store: mapped.get(0).get("store"), total: 2 }] });
total({ store: stores().get(0), currency: "EUR", note: undefined });
stores();
stores({});

// Wrong wiring does not compile.
// @ts-expect-error an input is missing
total({ store: "north" });
// @ts-expect-error all inputs are missing
total();
// @ts-expect-error a list where one is expected
total({ store: stores(), currency: "EUR" });
// @ts-expect-error a number where a string is expected
total({ store: 1, currency: "EUR" });
// @ts-expect-error an input that the handler does not have
total({ store: "north", currency: "EUR", shop: "x" });
// @ts-expect-error a handler without inputs
stores({ region: "eu" });
// @ts-expect-error a result of another shape
report({ totals: stores() });
// @ts-expect-error one result where a list is expected
report({ totals: total({ store: "north", currency: "EUR" }) });
// @ts-expect-error a task that was not called
report({ totals: total });
// @ts-expect-error a wrong result inside a list
report({ totals: [stores()] });
// @ts-expect-error a wrong result inside an object inside a list
report({ totals: [{ store: "north", total: stores() }] });
// @ts-expect-error a handler takes one object
dag.task("positional", (text: string) => text)("x");
// @ts-expect-error an unknown option
dag.task("option", async () => 1, { retrys: 3 });
// @ts-expect-error an unknown trigger rule
dag.task("rule", async () => 1, { triggerRule: "all_sucess" });
// @ts-expect-error an id without a handler
dag.task("lonely");
// @ts-expect-error inputs without a type can't be used
dag.task("untyped", async ({ anything }) => anything)({ anything: 1 });

// Mapping.
const grid = total.expand({ store: ["north"], currency: ["EUR", "USD"] });
same<typeof grid, TaskRef<StoreTotal[]>>(true);
total.partial({ currency: "EUR", note: "x" }).expand({ store: ["north", stores().get(1)] });
// @ts-expect-error a required input is in neither
total.expand({ store: ["north"] });
// @ts-expect-error a scalar can't be expanded over
total.partial({ currency: "EUR" }).expand({ store: "north" });
// @ts-expect-error a list of the wrong type
total.partial({ currency: "EUR" }).expand({ store: [1] });
// @ts-expect-error the result of a task that is no list
total.partial({ currency: "EUR" }).expand({ store: flag({ n: 1 }) });
// @ts-expect-error a constant of the wrong type
total.partial({ currency: 1 });
// @ts-expect-error a constant that the handler does not take
total.partial({ curency: "EUR" });
// @ts-expect-error an input of partial() comes again
total.partial({ currency: "EUR" }).expand({ store: ["north"], currency: ["USD"] });
const pair = dag.task("pair", async ({ entry }: { entry: [string, number] }) => entry);
pair.expand({ entry: { north: 1 } });
// @ts-expect-error an object gives pairs, and this handler takes a string
total.partial({ currency: "EUR" }).expand({ store: { north: 1 } });
// @ts-expect-error the pairs hold numbers
pair.expand({ entry: { north: "1" } });

// Parts of a result.
same<ReturnType<typeof total> extends TaskRef<infer R> ? R : never, StoreTotal>(true);
const one = total({ store: "north", currency: "EUR" });
const part = one.get("total");
same<typeof part, TaskRef<number>>(true);
// @ts-expect-error no such member
one.get("totals");
// @ts-expect-error a number has no members
part.get("x");
// @ts-expect-error a number is no string
total({ store: part, currency: "EUR" });
const item = stores().get(0);
same<typeof item, TaskRef<string>>(true);

// References are covariant.
const wide: TaskRef<string | null> = total({ store: "north", currency: "EUR" }).get("store");
// @ts-expect-error and not contravariant
const narrow: TaskRef<string> = wide;
void narrow;

// Results travel as JSON.
same<Serialized<{ at: Date; rows: number; skip: () => void; note?: string }>, { at: string; rows: number; note?: string | undefined }>(true);
same<Serialized<[Date, string]>, [string, string]>(true);
same<Serialized<undefined>, null>(true);
same<Serialized<bigint>, never>(true);
const dated = dag.task("dated", async () => new Date());
const takesDate = dag.task("takes_date", async ({ at }: { at: Date }) => at);
// @ts-expect-error a date arrives as a string
takesDate({ at: dated() });

// Branches.
dag
  .if(flag({ n: 1 }))
  .then(one)
  .else([one, mapped])
  .join(one);
dag.if(async function weekend() {
  return true;
});
// @ts-expect-error a condition gives a boolean
dag.if(one).then(one);
// @ts-expect-error a condition is a placed task
dag.if(flag).then(one);
// @ts-expect-error then() takes placed tasks
dag.if(flag({ n: 1 })).then(total);
const size = dag.task("size", async () => (Math.random() > 2 ? ("small" as const) : ("big" as const)));
dag.switch(size()).case("small", one).case("big", one, mapped).default(one);
// @ts-expect-error no such value
dag.switch(size()).case("huge", one);
dag
  .branch("pick", async ({ n }: { n: number }) => (n > 1 ? "total" : null))({ n: 1 })
  .before(one);
dag.branch("pick_ref", () => [one, mapped]);
// @ts-expect-error a branch gives ids or references
dag.branch("pick_number", async () => 1);
// @ts-expect-error inputs of a branch are checked too
dag.branch("pick_input", async ({ n }: { n: number }) => String(n))({ n: "1" });
const gate = dag.shortCircuit("gate", async () => 0, { respectDownstreamRules: true });
same<ReturnType<typeof gate>, TaskRef<number>>(true);

// Groups.
const group = dag.taskGroup("group", () => ({ made: one }));
same<typeof group.result.made, TaskRef<StoreTotal>>(true);
group.before(one).after(mapped, [one]);
one.before(group);
// @ts-expect-error a group's tasks are called too
one.before(group.task("inner", async () => 1));

// Operators.
const loaded = dag.add(bash("load", { command: ({ ds }) => `load.sh ${ds}`, retries: 2 }));
same<typeof loaded, TaskRef<string>>(true);
const sized = dag.add(bash("sized", { command: "du", outputProcessor: (line) => Number(line) }));
same<typeof sized, TaskRef<number>>(true);
const zip = dag.task(bash("zip", { command: ({ inputs }: TemplateContext<{ file: string }>) => `gzip ${inputs.file}` }));
zip.expand({ file: stores() });
zip({ file: "a" });
// @ts-expect-error the inputs of an operator are checked
zip({ file: 1 });
// @ts-expect-error and are required
dag.add(bash("zip2", { command: ({ inputs }: TemplateContext<{ file: string }>) => inputs.file }));
// @ts-expect-error this operator takes no inputs
dag.add(empty("nothing_more"), { file: "a" });
// @ts-expect-error a command is needed
dag.add(bash("no_command", {}));
const fetched = dag.add(http("fetched", { url: "https://example.com" }));
same<typeof fetched, TaskRef<Json>>(true);
const page = dag.add(http("page", { url: "https://example.com", response: "text" }));
same<typeof page, TaskRef<string>>(true);
const counted = dag.add(sql("counted", { connection: "db", sql: "select 1 as n", handler: (rows) => rows.length }));
same<typeof counted, TaskRef<number>>(true);
const rows = dag.add(sql("rows", { connection: "db", sql: "select 1 as n" }));
same<typeof rows, TaskRef<Serialized<SqlRow[]>>>(true);
const triggered = dag.add(triggerDagRun("triggered", { dagId: "other" }));
same<typeof triggered, TaskRef<TriggeredRun>>(true);

// Sensors.
const quiet = dag.sensor("quiet", async () => true);
same<ReturnType<typeof quiet>, TaskRef<null>>(true);
const arrived = dag.sensor("arrived", async ({ least }: { least: number }) => new PokeReturn(least > 1, { files: ["a"] }));
same<ReturnType<typeof arrived>, TaskRef<{ files: string[] }>>(true);
quiet();
arrived({ least: 2 });
// @ts-expect-error the handler takes a number
arrived({ least: "2" });
// @ts-expect-error a poke answers with a boolean or a PokeReturn
dag.sensor("wrong", async () => "yes");
// @ts-expect-error no such mode
dag.sensor("mode", async () => true, { mode: "defer" });

// Params.
const withParams = new Dag("params", {
  params: {
    region: "eu",
    limit: { type: "integer", default: 10, minimum: 1 },
    mode: { enum: ["full", "delta"], default: "delta" },
    note: { type: ["string", "null"], default: null },
    day: z.iso.date(),
  },
});
withParams.task("reads", async () => {
  const { params } = getContext<typeof withParams>();
  same<typeof params.region, string>(true);
  same<typeof params.limit, number>(true);
  same<typeof params.mode, "full" | "delta">(true);
  same<typeof params.note, string | null>(true);
  same<typeof params.day, string>(true);
  // @ts-expect-error no such param
  params.regoin;
  const untyped = getContext().params;
  same<typeof untyped, Record<string, Json>>(true);
});
same<keyof NoInputs, string | number>(true);
toSpec(withParams);
toSpec(dag);
toSpec(collectDags({ dag, withParams })[0]!);
// @ts-expect-error an unknown option of a DAG
new Dag("options", { schedul: "@daily" });
// @ts-expect-error a schedule is no boolean
new Dag("options", { schedule: true });
