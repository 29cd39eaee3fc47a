import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";

interface EventLogs {
  event_logs: { event: string; dag_id: string; task_id: string | null; extra: string }[];
}

/**
 * "Task callbacks run in the worker; if the worker is dead, or for Dag level, a request goes to the Dag processor." "Dag failure context: last failed task."
 */
test("callbacks of dead attempts and of DAGs run in children of the DAG processor, with variables, and people see how they went", async () => {
  const installation = await makeInstallation();
  const { rest, start, saveDag, folder } = installation;
  const toldFile = join(folder, "told.ndjson");
  await Promise.all([start("api-server"), start("dag-processor"), start("scheduler")]);
  await rest.call("POST", "/variables", { key: "team", value: "night shift" });
  saveDag(
    "calls.ts",
    `import { appendFileSync } from "node:fs";
import { Dag, getClient } from "tradewind";
const tell = async (context: any) => {
  const team = await getClient().variables.get("team");
  console.log("printed by a callback");
  appendFileSync(${JSON.stringify(toldFile)}, JSON.stringify({ level: context.level, event: context.event, reason: context.reason, task: context.task?.taskId ?? null, error: context.error?.message ?? null, team }) + "\\n");
};
export const calls = new Dag("calls", { isPausedUponCreation: false, onSuccess: tell, onFailure: tell });
calls.task("dies", async () => { process.exit(9); }, { onFailure: tell, onSuccess: tell })();
`,
  );
  await installation.untilKnown("calls");
  await rest.trigger("calls");
  const told = await until(
    "both callbacks",
    () => {
      if (!existsSync(toldFile)) return false;
      const lines = readFileSync(toldFile, "utf8").trim().split("\n");
      return lines.length >= 2 && lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    30_000,
  );
  expect(told.sort((one, other) => String(one.level).localeCompare(String(other.level)))).toEqual([
    { level: "dag", event: "failure", reason: "task_failure", task: "dies", error: null, team: "night shift" },
    { level: "task", event: "failure", reason: null, task: "dies", error: expect.stringContaining("exited with code 9"), team: "night shift" },
  ]);
  const logs = await until(
    "the entries of the audit log",
    async () => {
      const { event_logs: all } = await rest.call<EventLogs>("GET", "/eventLogs?dag_id=calls");
      const ended = all.filter(({ event }) => event === "callback_succeeded");
      return ended.length >= 2 && ended;
    },
    30_000,
  );
  expect(logs.map(({ task_id: taskId }) => taskId)).toEqual(["dies", "dies"]);
  expect(JSON.parse(logs[0]!.extra)).toMatchObject({ tries: 1, output: expect.stringContaining("printed by a callback") });
});
