/** A group that is run again as a whole: the export and the import belong together, so a failed import needs a fresh export. */
import { Dag, getContext } from "tradewind";

export const dag = new Dag("group_retry", {
  description: "A failure at the end of a group runs all of the group again",
  tags: ["example", "groups", "retries"],
  isPausedUponCreation: false,
});

const exportRows = dag.task("export_rows", () => ({ token: `export ${getContext().attempt.tryNumber}`, rows: 10 }));
const importRows = dag.task("import_rows", ({ token, rows }: { token: string; rows: number }) => {
  // The token of the first export is refused: only a new export helps, not another try of the import.
  if (token === "export 1") throw new Error(`the token "${token}" has expired`);
  return rows;
});
const announce = dag.task("announce", ({ rows }: { rows: number }) => `${rows} rows are there`);

const transfer = dag.taskGroup(
  "transfer",
  () => {
    const exported = exportRows();
    return importRows({ token: exported.get("token"), rows: exported.get("rows") });
  },
  { retries: 2, retryDelay: "1s" },
);
announce({ rows: transfer.result });
