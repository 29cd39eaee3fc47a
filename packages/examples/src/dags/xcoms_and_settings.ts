/** What a task may ask Tradewind for: variables, values of other tasks under other keys, and runs of other DAGs. */
import { Dag, getClient, getContext } from "tradewind";

export const dag = new Dag("xcoms_and_settings", {
  description: "Variables, XComs under keys of their own, runs started from code",
  tags: ["example", "client"],
  isPausedUponCreation: false,
});

const count = dag.task("count", async () => {
  const { variables, xcom } = getClient();
  // With a default a variable that is missing is no error; without one the task fails and says how to set it.
  const { least } = await variables.getJson("xcoms_and_settings", { default: { least: 3 } });
  await xcom.set("checked_at", getContext().ts);
  return { rows: 7, isEnough: 7 >= least };
});

const report = dag.task("report", async ({ rows }: { rows: number }) => {
  const { variables, xcom } = getClient();
  // A result is better taken as an input: its type is checked, and it draws the edge. This is for what has another key.
  const checkedAt = await xcom.get<string>({ taskId: "count", key: "checked_at" });
  await variables.set("xcoms_and_settings_last", { rows, checkedAt });
  return `${rows} rows, checked at ${checkedAt}`;
});

const tell = dag.task("tell", async ({ text }: { text: string }) => {
  // Does not wait for the run; the operator triggerDagRun can.
  const { runId } = await getClient().dagRuns.trigger({ dagId: "hello", conf: { name: text } });
  return runId;
});

tell({ text: report({ rows: count().get("rows") }) });
