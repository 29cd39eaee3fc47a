/** The three ways to choose a path: if/else, switch, and a short circuit. Trigger it with other params and watch what is skipped. */
import { Dag, getContext } from "tradewind";
import { empty } from "tradewind/operators";

export const dag = new Dag("branching", {
  description: "If, switch and short circuit",
  tags: ["example", "branching"],
  isPausedUponCreation: false,
  params: {
    rows: { type: "integer", default: 1_200, minimum: 0, description: "How many rows there are to process." },
    format: { enum: ["csv", "json", "parquet"], default: "csv" },
    publish: false,
  },
});

const { rows, format, publish } = {
  rows: () => getContext<typeof dag>().params.rows,
  format: () => getContext<typeof dag>().params.format,
  publish: () => getContext<typeof dag>().params.publish,
};

const countRows = dag.task("count_rows", () => rows());
const isLarge = dag.task("is_large", ({ count }: { count: number }) => count > 1_000);
const inParallel = dag.task("in_parallel", () => "processed by many");
const inOneGo = dag.task("in_one_go", () => "processed by one");
const processed = dag.add(empty("processed"));

const parallel = inParallel();
const single = inOneGo();
dag
  .if(isLarge({ count: countRows() }))
  .then(parallel)
  .else(single)
  .join(processed);

const chooseFormat = dag.task("choose_format", () => format());
const writeCsv = dag.task("write_csv", () => "a,b\n1,2\n");
const writeJson = dag.task("write_json", () => ({ a: 1, b: 2 }));
const written = dag.add(empty("written"));
const chosen = chooseFormat();
processed.before(chosen);
dag
  .switch(chosen)
  .case("csv", writeCsv())
  .case("json", writeJson())
  .default(dag.add(empty("unknown_format")))
  .join(written);

const mayPublish = dag.shortCircuit("may_publish", () => publish());
const upload = dag.task("upload", () => "uploaded");
const announce = dag.task("announce", () => "announced");
mayPublish().after(written).before(upload().before(announce()));
