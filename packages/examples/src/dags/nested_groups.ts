/** Groups in groups with options of their own, a group that is mapped over objects, and a loop with a fixed number of rounds. */
import { Dag } from "tradewind";

export const dag = new Dag("nested_groups", {
  description: "Nested groups, a mapped group over objects, a loop without a condition",
  tags: ["example", "groups", "loops"],
  isPausedUponCreation: false,
  defaultArgs: { retries: 1, retryDelay: "2s" },
});

const read = dag.task("read", ({ table }: { table: string }) => [table.length, table.length * 2]);
const total = dag.task("total", ({ rows, factor }: { rows: number[]; factor: number }) => factor * rows.reduce((sum, row) => sum + row, 0));
const smooth = dag.task("smooth", ({ previous, start, round }: { previous: number | null; start: number[]; round: number }) => {
  const value = previous ?? start.reduce((sum, one) => sum + one, 0);
  return value - value / (round + 2);
});
const store = dag.task("store", ({ value }: { value: number }) => Math.round(value));

// Ids are "sources.europe.read" and "sources.europe.total"; the nearest defaultArgs win.
const sources = dag.taskGroup(
  "sources",
  (group) => {
    const europe = group.taskGroup("europe", () => total({ rows: read({ table: "orders_eu" }), factor: 1 }), { defaultArgs: { retries: 3 } });
    const asia = group.taskGroup("asia", () => total({ rows: read({ table: "orders_asia" }), factor: 2 }));
    return [europe.result, asia.result];
  },
  { tooltip: "One group per region" },
);

// One instance of the whole group for each object; inside, each instance sees only its own.
const checks = dag.taskGroup("checks").expandKwargs(
  [
    { table: "orders_eu", factor: 10 },
    { table: "orders_asia", factor: 20 },
  ],
  ({ table, factor }) => total({ rows: read({ table }), factor }),
);

// Without `until` there are exactly three rounds. The group leaves the ids of its tasks as they are.
const rounds = dag
  .taskGroup("rounds", { prefixGroupId: false })
  .loop<number>({ maxIterations: 3 }, ({ previous, index }) => smooth({ previous, start: checks.result, round: index }));

rounds.after(sources);
store({ value: rounds.result });
