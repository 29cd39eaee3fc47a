import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasRedisServer, type Installation, makeInstallation, startRedis, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";

/** What asks for a connection that has to be made first, by its tag or its id. */
const NEEDS_A_CONNECTION = new Set(["needs a connection", "data_quality", "table_copy"]);

/** A project's whole configuration; what else there is comes from the environment, and stays as it is. */
const configured = (executor: string): string => `export default {\n  executor: "${executor}",\n};\n`;

interface DagResource {
  dag_id: string;
  timetable_summary: string | null;
  tags: { name: string }[];
}

/** How each task of the run ended, and in which try. */
async function endsOf({ facts }: Installation, runIds: ReadonlyMap<string, string>): Promise<Record<string, string[]>> {
  const ends: Record<string, string[]> = {};
  for (const [dagId, runId] of runIds) {
    const tries = (await facts.tries(dagId)).filter((one) => one.runId === runId && one.isCurrent);
    ends[dagId] = tries.map(({ taskId, mapIndex, state, tryNumber }) => `${taskId} ${mapIndex}: ${state}, try ${tryNumber}`).sort();
  }
  return ends;
}

/** Why the tries of the runs that did not succeed failed. */
async function failuresOf({ facts }: Installation, runIds: ReadonlyMap<string, string>): Promise<string[]> {
  const tries = await Promise.all(
    [...runIds].map(async ([dagId, runId]) => (await facts.tries(dagId)).map((one) => ({ ...one, dagId, isAsked: one.runId === runId }))),
  );
  return tries
    .flat()
    .filter(({ isAsked, reason }) => isAsked && reason !== null)
    .map(({ dagId, taskId, tryNumber, reason, message }) => `${dagId}, ${taskId}, try ${tryNumber}: ${reason}: ${message}`);
}

async function triggerAll({ rest }: Installation, dagIds: readonly string[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(dagIds.map(async (dagId) => [dagId, await rest.trigger(dagId)] as const)));
}

async function allEnded({ facts }: Installation, runIds: ReadonlyMap<string, string>): Promise<Record<string, string>> {
  return until(
    "the ends of the examples' runs",
    async () => {
      const runs = (await facts.runs("")).filter(({ dagId, runId }) => runIds.get(dagId) === runId);
      return runs.every(({ state }) => state === "success" || state === "failed") && Object.fromEntries(runs.map((run) => [run.dagId, run.state]));
    },
    90_000,
  );
}

test.skipIf(!hasRedisServer())(
  "one changed line of the configuration moves the example DAGs from this machine to workers, and they give the same",
  async () => {
    const redisFolder = mkdtempSync(join(tmpdir(), "tw-redis-"));
    const redis = await startRedis(redisFolder);
    onTestFinished(async () => {
      await redis.stop();
      rmSync(redisFolder, { recursive: true, force: true });
    });
    const installation = await makeInstallation({ env: { TRADEWIND__REDIS__URL: redis.url } });
    const saveConfig = (executor: string): void => writeFileSync(join(installation.folder, "tradewind.config.ts"), configured(executor));
    saveConfig("local");
    const before = await installation.start("standalone");
    await installation.untilKnown("hello", "regions", "trigger_hello");
    const { dags } = await installation.rest.call<{ dags: DagResource[] }>("GET", "/dags?limit=100");
    const needsConnection = ({ dag_id: dagId, tags }: DagResource): boolean =>
      [dagId, ...tags.map(({ name }) => name)].some((word) => NEEDS_A_CONNECTION.has(word));
    const dagIds = dags.filter((dag) => dag.timetable_summary === "None" && !needsConnection(dag)).map((dag) => dag.dag_id);
    expect(dagIds.length).toBeGreaterThan(8);
    for (const dagId of dagIds) await installation.rest.call("PATCH", `/dags/${dagId}`, { is_paused: false });
    const local = await triggerAll(installation, dagIds);
    const states = await allEnded(installation, local);
    expect(states, (await failuresOf(installation, local)).join("\n")).toEqual(Object.fromEntries(dagIds.map((dagId) => [dagId, "success"])));
    await before.end("SIGTERM");

    saveConfig("bullmq");
    await installation.start("standalone");
    const carried = await triggerAll(installation, dagIds);
    await until("tasks that wait for a worker", async () => (await installation.facts.leases()).length >= dagIds.length / 2);
    expect((await installation.facts.leases()).filter(({ state }) => state !== "queued")).toEqual([]);
    await installation.start("worker", "elsewhere");
    await allEnded(installation, carried);
    expect(await endsOf(installation, carried)).toEqual(await endsOf(installation, local));
  },
);
