import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { createApiServer, createFileLogStore, createSignedTokens, type SignedTokens } from "@tradewind/api";
import type { AttemptGrant, LogLine, TaskCommand } from "@tradewind/contract";
import { DagProcessor } from "@tradewind/dag-processor";
import { createEngine, type Engine, type PausePoint } from "@tradewind/engine";
import type { Executor } from "@tradewind/executor";
import type { AttemptFacts, ConformanceHarness, TaskAddress } from "@tradewind/executor/conformance";
import { createDagLoader, stopBundler } from "@tradewind/loader";
import { createFernet, type Fernet, generateFernetKey, openDatabase, openHotDatabase } from "@tradewind/metadata";
import { createTestDatabase, type TestDatabase } from "@tradewind/metadata/testing";
import { createScheduler, type Scheduler, SYSTEM_CLOCK } from "@tradewind/scheduler";
import { MetadataFacts, type TryFacts, until } from "@tradewind/testkit";
import { makeMortal } from "./mortal.ts";

const HEARTBEAT_MS = 300;
/** As they are where nothing else is set. */
const LEASES = { leaseMs: 10_000, renewalMs: 3_000, holdMs: 300_000 };
const HEALTH_THRESHOLD_MS = 1_500;
const quiet = (): void => undefined;
const LOGGER = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export interface AdapterUnderTest {
  /** Of the executor. Default `local`. */
  name?: string;
  /** Starts what runs the tasks, where executors do not start it themselves. Called once; `secretKey` signs the tokens of hosts. */
  startWorkers?(place: { executionApiUrl: string; secretKey: string }): Promise<void>;
  /** Called for each scheduler, which starts it. */
  makeExecutor(home: string): Executor;
  /** Awaited at named moments of the schedulers' engines: one that never goes on is as dead as one that is killed there. */
  pausePoint?(name: PausePoint): Promise<void>;
  /** Called when no scheduler is left: resolves when nothing that executors had started runs any more, rejects when something does not end. */
  awaitNoWorkers(home: string): Promise<void>;
}

interface RunningScheduler {
  scheduler: Scheduler;
  executor: Executor;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Real engine, API server, DAG processor, scheduler and database, in this process, around the executor of an adapter. What the adapter starts is real too. */
export async function startWholeTradewind(home: string, adapter: AdapterUnderTest): Promise<ConformanceHarness> {
  const dagFolder = join(home, "dags");
  await mkdir(dagFolder, { recursive: true });
  const database = await createTestDatabase();
  const secretKey = randomUUID();
  const tokens = createSignedTokens({ secretKey });
  const fernet = createFernet(generateFernetKey());
  const logs = createFileLogStore({ dir: join(home, "logs") });
  const facts = new MetadataFacts(database.url);
  const commands = new Map<string, TaskCommand>();

  const server = openEngine(database, tokens, fernet, adapter.name);
  const { engine } = server;
  const api = await createApiServer({ db: database.db, engine, fernet, tokens, logs, version: "0", apps: ["execution"] });
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  const executionApiUrl = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}/execution/v1`;
  const processor = new DagProcessor({
    engine,
    loader: createDagLoader(),
    folders: [{ name: "dags", path: dagFolder }],
    release: "0",
    logger: LOGGER,
  });
  await processor.start();
  await adapter.startWorkers?.({ executionApiUrl: executionApiUrl.replace("/execution/v1", ""), secretKey });

  const startScheduler = async (): Promise<RunningScheduler> => {
    const own = openEngine(database, tokens, fernet, adapter.name, adapter.pausePoint?.bind(adapter));
    const mortal = makeMortal(own.engine);
    const executor = adapter.makeExecutor(home);
    let isDead = false;
    const scheduler = createScheduler({
      engine: mortal.living,
      executors: [remembering(executor, commands)],
      executionApiUrl,
      issueHostToken: async (_executor, hostId) => tokens.issue("host", hostId, 3_600_000),
      newJobId: randomUUID,
      hostname: hostname(),
      pid: process.pid,
      parallelism: 32,
      heartbeatMs: HEARTBEAT_MS,
      healthThresholdMs: HEALTH_THRESHOLD_MS,
      leases: LEASES,
      sweepMs: 1_000,
      logger: LOGGER,
      clock: { ...SYSTEM_CLOCK, setTimeout: (callback, delayMs) => setTimeout(() => isDead || callback(), delayMs) },
    });
    await scheduler.start();
    return {
      scheduler,
      executor,
      async kill() {
        isDead = true;
        mortal.kill();
        // All that the death of a process does to an adapter that outlives it: its connections close.
        await executor.stop({ drain: false, timeoutMs: 0 });
        await own.close();
      },
      async stop() {
        await scheduler.stop({ drain: false, timeoutMs: 0 });
        await own.close();
      },
    };
  };
  let current = await startScheduler();

  const triesOf = async (task: TaskAddress): Promise<TryFacts[]> =>
    (await facts.tries(task.dagId)).filter((one) => one.runId === task.runId && one.taskId === task.taskId && one.mapIndex === (task.mapIndex ?? -1));
  const stateOf = async (task: TaskAddress): Promise<string | null> => (await triesOf(task)).find((one) => one.isCurrent)?.state ?? null;
  const currentAttempt = async (task: TaskAddress): Promise<string> => {
    const attemptId = (await triesOf(task)).find((one) => one.isCurrent)?.attemptId;
    if (attemptId == null) throw new Error(`${task.taskId} of run ${task.runId} has no attempt`);
    return attemptId;
  };

  return {
    executor: () => current.executor,
    async putDagFile(name, source) {
      await writeFile(join(home, name), source);
      await rename(join(home, name), join(dagFolder, name));
      await until(`the DAGs of ${name}`, () => facts.isCurrent(name, source));
    },
    async triggerDag(dagId) {
      return (await engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "test" } })).runId;
    },
    async awaitRun(dagId, runId, timeoutMs) {
      const ended = async (): Promise<string | undefined> =>
        (await facts.runs(dagId)).find((run) => run.runId === runId && (run.state === "success" || run.state === "failed"))?.state;
      return until(`the end of run ${runId} of ${dagId}`, ended, timeoutMs).catch(async (error: unknown) => {
        throw new Error(`${String(error)}; its tasks are ${JSON.stringify(await facts.tries(dagId))}`, { cause: error });
      });
    },
    async awaitTaskState(task, states, timeoutMs) {
      await until(`${task.taskId} to be ${states.join(" or ")}`, async () => states.includes((await stateOf(task)) ?? "none"), timeoutMs);
    },
    getTaskState: stateOf,
    async listAttempts(task) {
      const granted = (await triesOf(task)).filter((one) => one.attemptId !== null);
      return granted
        .map((one): AttemptFacts => ({ ...one, attemptId: one.attemptId!, state: one.state ?? "none" }))
        .sort((a, b) => a.tryNumber - b.tryNumber);
    },
    getCommand: async (task) => commands.get(await currentAttempt(task))!,
    async readLog(task, tryNumber) {
      const attempt = (await triesOf(task)).find((one) => one.tryNumber === tryNumber);
      return attempt?.attemptId == null ? [] : readWhole(attempt.attemptId, attempt.state === "success" || attempt.state === "skipped");
    },
    async getXCom({ mapIndex = -1, ...task }, key = "return_value") {
      const text = await facts.xcom({ ...task, mapIndex, key });
      return text === undefined ? undefined : JSON.parse(text);
    },
    async markTask({ mapIndex, ...task }, state) {
      const alone = { includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false };
      await engine.setTaskInstanceState({ ...task, mapIndex, state, ...alone, dryRun: false, actor: { name: "test" } });
    },
    async killWorkerOf(task) {
      process.kill((await facts.hostPidOf(await currentAttempt(task)))!, "SIGKILL");
    },
    async restartScheduler(how) {
      await current[how]();
      current = await startScheduler();
    },
    async close() {
      await current.stop();
      await processor.stop();
      await stopBundler();
      await adapter.awaitNoWorkers(home);
      await api.app.close();
      await logs.close();
      await server.close();
      await facts.close();
      await database.drop();
    },
  };

  /** The last lines come a moment after the end. */
  async function readWhole(attemptId: string, isWhole: boolean): Promise<LogLine[]> {
    const read = () => logs.read(attemptId, { from: 0, limit: 1_000_000 });
    if (isWhole) await until(`the end of the log of attempt ${attemptId}`, async () => (await read())?.complete);
    return (await read())?.lines ?? [];
  }
}

function openEngine(
  database: TestDatabase,
  tokens: SignedTokens,
  fernet: Fernet,
  defaultExecutor = "local",
  pausePoint?: (name: PausePoint) => Promise<void>,
): { engine: Engine; close(): Promise<void> } {
  const db = openDatabase({ url: database.url });
  const hot = openHotDatabase({ url: database.url });
  const engine = createEngine({
    db,
    hot,
    fernet,
    issueAttemptToken: ({ attemptId, ttlMs }) => tokens.issue("attempt", attemptId, ttlMs),
    defaultExecutor,
    pausePoint,
    dagsArePausedAtCreation: false,
  });
  const close = async (): Promise<void> => {
    await engine.close();
    await Promise.all([db.close(), hot.close()]);
  };
  return { engine, close };
}

/** The executor, with a note of every command that it was given. */
function remembering(executor: Executor, commands: Map<string, TaskCommand>): Executor {
  return {
    name: executor.name,
    start: (start) => executor.start(start),
    submit(submitted) {
      for (const command of submitted) commands.set(command.attemptId, command);
      return executor.submit(submitted);
    },
    ...(executor.begin === undefined
      ? {}
      : {
          begin(grants, at) {
            for (const grant of grants) commands.set(grant.attemptId, commandOf(executor.name, grant));
            return executor.begin!(grants, at);
          },
          catchUp: () => executor.catchUp!(),
        }),
    cancel: (attempts) => executor.cancel(attempts),
    adopt: (attempts) => executor.adopt(attempts),
    ...(executor.findMissing === undefined ? {} : { findMissing: (queued) => executor.findMissing!(queued) }),
    capacity: () => executor.capacity(),
    stop: (options) => executor.stop(options),
  };
}

/** What would have been submitted for it. */
function commandOf(executor: string, { attemptId, taskInstanceId, bundleSha256, context }: AttemptGrant): TaskCommand {
  const { dagId, runId, taskId, mapIndex, tryNumber } = context;
  return { attemptId, taskInstanceId, dagId, runId, taskId, mapIndex, tryNumber, executor, queue: "default", priorityWeight: 1, bundleSha256 };
}
