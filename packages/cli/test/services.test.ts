import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@tradewind/metadata";
import { expect, onTestFinished, test } from "vitest";
import { askCli, type CliOptions, freePort, makeHome, processesOf, runCli, startCli, until } from "./cli-process.ts";

const RUNS_UNTIL_TOLD = (home: string): string => `import { Dag } from "tradewind";
import { existsSync, writeFileSync } from "node:fs";
export const dag = new Dag("told");
dag.task("wait", async () => {
  writeFileSync("${home}/started", "");
  while (!existsSync("${home}/go")) await new Promise((resolve) => setTimeout(resolve, 20));
})();
`;

function startService(args: string[], ready: string, options: CliOptions) {
  const child = startCli(args, options);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const isReady = until(`${args[0]} to be ready`, () => {
    if (child.exitCode !== null) throw new Error(`${args[0]} ended with ${child.exitCode}:\n${child.output()}`);
    return child.output().includes(ready);
  });
  const stop = async (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return { isReady, stop, output: () => child.output() };
}

test("services on their own, on a database of their own: a restarted scheduler interrupts no task", async () => {
  const home = makeHome();
  const postgres = await startEmbeddedPostgres({ directory: join(home, "database"), durability: "process" });
  onTestFinished(() => postgres.stop("immediate"));
  mkdirSync(join(home, "dags"));
  writeFileSync(join(home, "dags", "told.ts"), RUNS_UNTIL_TOLD(home));
  const env = {
    TRADEWIND__DATABASE__URL: postgres.url,
    TRADEWIND__API__PORT: String(await freePort()),
    TRADEWIND__EXECUTION_API__PORT: String(await freePort()),
    TRADEWIND__LOCAL_EXECUTOR__HOST_IDLE_SECONDS: "1",
  };
  const options: CliOptions = { home, env };

  // An old schema is refused, and says what to do.
  const early = await runCli(["scheduler"], options);
  expect(early.code).not.toBe(0);
  expect(early.stderr).toContain("tradewind db migrate");
  expect((await runCli(["db", "check"], options)).code).toBe(1);
  expect((await runCli(["db", "migrate"], options)).code).toBe(0);
  expect((await runCli(["db", "check"], options)).code).toBe(0);

  const api = startService(["api-server"], "the REST API is ready", options);
  await api.isReady;
  const processor = startService(["dag-processor", "--dags", join(home, "dags")], "the DAG processor is ready", options);
  let scheduler = startService(["scheduler"], "the scheduler is ready", options);
  await Promise.all([processor.isReady, scheduler.isReady]);

  const found = await until(
    "the DAG to be listed",
    async () => (await askCli<{ dag_id: string; is_paused: boolean }[]>(["dags", "list"], options))[0],
  );
  expect(found).toMatchObject({ dag_id: "told", is_paused: true });
  await askCli(["dags", "unpause", "told"], options);
  await askCli(["dags", "trigger", "told"], options);
  await until("the task to run", () => existsSync(join(home, "started")));

  expect(await scheduler.stop()).toBe(0);
  expect(processesOf(home).some(({ command }) => command.includes("host-main"))).toBe(true);
  scheduler = startService(["scheduler"], "the scheduler is ready", options);
  await scheduler.isReady;
  writeFileSync(join(home, "go"), "");
  const [run] = await until("the run to end", async () => {
    const runs = await askCli<{ state: string }[]>(["runs", "list", "told"], options);
    return runs[0]?.state === "success" || runs[0]?.state === "failed" ? runs : undefined;
  });
  expect(run!.state).toBe("success");
  expect(await askCli<{ try_number: number }[]>(["tasks", "list", "told"], options)).toMatchObject([{ try_number: 1 }]);

  const health = await askCli<{ health: { scheduler: { status: string }; dag_processor: { status: string } } }>(["info"], options);
  expect(health.health).toMatchObject({ scheduler: { status: "healthy" }, dag_processor: { status: "healthy" } });
  expect(await Promise.all([scheduler.stop(), processor.stop(), api.stop()])).toEqual([0, 0, 0]);
  // The host outlives its scheduler for a while, and then ends by itself.
  await until("the idle runner host to end", () => !processesOf(home).some(({ command }) => command.includes("host-main")));
}, 120_000);
