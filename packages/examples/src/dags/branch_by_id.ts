/** A branch whose handler names what to follow: a task, a group, several, or nothing. And a gate that stops only what is directly below it. */
import { Dag, getContext } from "tradewind";
import { empty } from "tradewind/operators";

export const dag = new Dag("branch_by_id", {
  description: "A branch that returns ids, and a short circuit that leaves the rest to trigger rules",
  tags: ["example", "branching"],
  isPausedUponCreation: false,
  params: { rows: { type: "integer", default: 12_000, minimum: 0 } },
});

const count = dag.task("count", () => getContext<typeof dag>().params.rows);
const load = dag.task("load", () => "loaded");
const split = dag.task("split", () => "in pieces");
const loadPieces = dag.task("load_pieces", () => "loaded piece by piece");

const inOne = load();
const inPieces = dag.taskGroup("in_pieces", () => void split().before(loadPieces()));

// Ids of what is directly below; a group's id follows all of it. An empty list skips both.
const pick = dag.branch("pick", ({ rows }: { rows: number }) => (rows === 0 ? [] : rows > 10_000 ? inPieces.groupId : inOne.taskId));
const loaded = dag.add(empty("loaded", { triggerRule: "none_failed_min_one_success" }));
pick({ rows: count() }).before(inOne, inPieces);
loaded.after(inOne, inPieces);

// Without `respectDownstreamRules` everything below would be skipped; with it `tidy_up` has its own say.
const isFirstOfMonth = dag.shortCircuit("first_of_month", () => getContext().ds.endsWith("-01"), { respectDownstreamRules: true })();
const invoice = dag.task("invoice", () => "sent")();
const tidyUp = dag.task("tidy_up", () => "tidy", { triggerRule: "all_done" })();
loaded.before(isFirstOfMonth.before(invoice.before(tidyUp)));
