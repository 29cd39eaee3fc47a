import { writeFileSync } from "node:fs";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { dagSource, gateFile } from "./dag-sources.ts";

/** The goal is 300 ms; this only says that nobody waits for a rescan, which comes every 30 seconds. */
const NOTICED_WITHIN_MS = 10_000;

interface LogAnswer {
  content: { event: string }[];
}
interface ImportErrors {
  import_errors: { filename: string; stack_trace: string }[];
}

test("an author saves, breaks and mends a file, and reads the log of a task while it runs", async () => {
  const installation = await makeInstallation();
  const { facts, rest, start, saveDag } = installation;
  await Promise.all([start("api-server"), start("dag-processor"), start("scheduler")]);
  const tasks = `dag.task("talks", async () => { console.log("early"); await gate("late"); console.log("late"); })();`;
  const source = dagSource(installation, "flow", tasks);
  saveDag("flow.ts", source);
  await until("the DAG", async () => (await facts.dagIds()).includes("flow"), NOTICED_WITHIN_MS);

  const mistake = `throw new Error("no luck");`;
  saveDag("flow.ts", source + mistake);
  const broken = await until(
    "the import error",
    async () => (await rest.call<ImportErrors>("GET", "/importErrors")).import_errors.find((error) => error.filename.endsWith("flow.ts")),
    NOTICED_WITHIN_MS,
  );
  // File, line and code frame.
  const line = source.split("\n").length;
  expect(broken.stack_trace).toContain(`flow.ts:${line}`);
  expect(broken.stack_trace).toContain(`${line} | ${mistake}`);

  saveDag("flow.ts", source);
  await until("the mended DAG", () => facts.isCurrent("flow.ts", source), NOTICED_WITHIN_MS);
  const runId = await rest.trigger("flow");
  const readLog = async (): Promise<string[]> => {
    const path = `/dags/flow/dagRuns/${encodeURIComponent(runId)}/taskInstances/talks/logs/1`;
    return (await rest.call<LogAnswer>("GET", path).catch(() => ({ content: [] }))).content.map(({ event }) => event);
  };
  await until("the first line of a task that goes on", async () => (await readLog()).includes("early"));
  expect((await facts.runs("flow")).map((run) => run.state)).toEqual(["running"]);
  expect(await readLog()).not.toContain("late");
  writeFileSync(gateFile(installation, "late"), "");
  expect(await installation.untilRunsEnded("flow", 1, 20_000)).toEqual({ success: 1 });
  await until("the last line", async () => (await readLog()).includes("late"));
});
