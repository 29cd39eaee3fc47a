import { join } from "node:path";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";

interface LogAnswer {
  content: { event: string }[];
  continuation_token: string | null;
}
interface InstanceAnswer {
  state: string | null;
  try_number: number;
  rendered_map_index: string | null;
}

/** "Sensors: mode reschedule frees slot and process; state up_for_reschedule; deferral and reschedule keep the try." "depends_on_past: same task in the previous run must be all success." */
test("a task that waits frees its slot, goes on as the same try with one log, and holds back the same task of the next run", async () => {
  const installation = await makeInstallation();
  const { rest, start, saveDag, folder } = installation;
  await Promise.all([start("api-server"), start("dag-processor"), start("scheduler")]);
  saveDag(
    "waits.ts",
    `import { existsSync } from "node:fs";
import { Dag, getContext, RescheduleTask } from "tradewind";
export const dag = new Dag("waits", { isPausedUponCreation: false });
dag.task("arrive", async () => {
  const { attempt, run } = getContext();
  console.log(\`poke \${attempt.rescheduleCount}\`);
  if (!existsSync(${JSON.stringify(join(folder, "gate-"))} + run.runId) && attempt.rescheduleCount < 2) throw new RescheduleTask({ after: "1s", message: "no file yet" });
}, { dependsOnPast: true })();
`,
  );
  await installation.untilKnown("waits");
  const trigger = async (day: number): Promise<string> =>
    (await rest.call<{ dag_run_id: string }>("POST", "/dags/waits/dagRuns", { logical_date: `2026-01-0${day}T00:00:00Z`, dag_run_id: `day_${day}` }))
      .dag_run_id;
  const first = await trigger(1);
  const second = await trigger(2);
  const find = (runId: string): Promise<InstanceAnswer> => rest.call("GET", `/dags/waits/dagRuns/${runId}/taskInstances/arrive`);
  await until("the wait", async () => (await find(first)).state === "up_for_reschedule");
  expect(await find(second)).toMatchObject({ state: null });
  expect(await installation.facts.leases()).toEqual([]);
  expect(await installation.untilRunsEnded("waits", 2, 40_000)).toEqual({ success: 2 });
  expect(await find(first)).toMatchObject({ state: "success", try_number: 1 });
  const log = await rest.call<LogAnswer>("GET", `/dags/waits/dagRuns/${first}/taskInstances/arrive/logs/1?full_content=true`);
  const pokes = log.content.map(({ event }) => event).filter((event) => event.startsWith("poke"));
  expect(pokes).toEqual(["poke 0", "poke 1", "poke 2"]);
  expect(log.continuation_token).toBeNull();
});
