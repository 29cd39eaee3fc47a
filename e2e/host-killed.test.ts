import { createSignedTokens } from "@tradewind/api";
import { createExecutionApiClient } from "@tradewind/contract/client";
import type { AttemptFinish, FinishAnswer } from "@tradewind/contract";
import { EXECUTION_SECRET_KEY, type Installation, makeInstallation, type Program, type TryFacts, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const WIDTH = 8;
const NOTICED_WITHIN_MS = 15_000;

/** The first try works until it is killed. */
const TASKS = `
for (let index = 0; index < ${WIDTH}; index += 1) {
  dag.task(\`task\${index}\`, async () => { note("begin"); if (getContext().attempt.tryNumber === 1) await gate("never"); note("end"); }, { retries: 1, retryDelay: 0 })();
}`;

/** They wait at the runner host while the others take all its slots, and have one try each. */
const WAITING = 12;
const BEHIND = `for (let index = 0; index < ${WAITING}; index += 1) dag.task(\`task\${index}\`, async () => note("behind"), { retries: 0 })();`;

const FOLLOW_UP = `for (let index = 0; index < 40; index += 1) dag.task(\`task\${index}\`, async () => {})();`;

interface Begun {
  installation: Installation;
  scheduler: Program;
  hostId: string;
  hostPid: number;
}

async function begin(): Promise<Begun> {
  const installation = await makeInstallation({
    env: {
      TRADEWIND__SCHEDULER__HEARTBEAT_SECONDS: "1",
      TRADEWIND__SCHEDULER__HEALTH_THRESHOLD_SECONDS: "5",
      TRADEWIND__LOCAL_EXECUTOR__SLOTS: String(WIDTH),
    },
  });
  const { facts, rest, start } = installation;
  const [scheduler] = await Promise.all([start("scheduler"), start("api-server"), start("dag-processor")]);
  installation.saveDag("lost.ts", dagSource(installation, "lost", TASKS));
  installation.saveDag("behind.ts", dagSource(installation, "behind", BEHIND));
  installation.saveDag("follow_up.ts", dagSource(installation, "follow_up", FOLLOW_UP));
  await installation.untilKnown("lost", "behind", "follow_up");
  await rest.trigger("lost");
  await until("all tasks to be at work", () => readWitnesses(installation).length === WIDTH);
  const [host] = await facts.hosts();
  return { installation, scheduler: scheduler, hostId: host!.hostId, hostPid: host!.pid };
}

async function beginWithOthersBehind(): Promise<Begun> {
  const begun = await begin();
  const { facts, rest } = begun.installation;
  await rest.trigger("behind");
  await until("others to wait behind them", async () => (await facts.leases()).filter((lease) => lease.state === "queued").length === WAITING);
  return begun;
}

/** Waits for the end of the run, and checks that every task was lost once, was tried again in time, and holds no slot. */
async function expectTriedAgain({ facts, ...installation }: Installation, killedAt: Date): Promise<TryFacts[]> {
  expect(await installation.untilRunsEnded("lost", 1, 40_000)).toEqual({ success: 1 });
  const tries = await facts.tries("lost");
  const [lost, again] = [tries.filter((one) => !one.isCurrent), tries.filter((one) => one.isCurrent)];
  expect(lost.map((one) => [one.tryNumber, one.state, one.reason])).toEqual(Array.from({ length: WIDTH }, () => [1, "failed", "lost"]));
  expect(again.map((one) => [one.tryNumber, one.state])).toEqual(Array.from({ length: WIDTH }, () => [2, "success"]));
  const delaysMs = again.map((one) => one.startedAt!.getTime() - killedAt.getTime());
  console.log(`tried again after ${Math.min(...delaysMs)} to ${Math.max(...delaysMs)} ms`);
  expect(Math.max(...delaysMs)).toBeLessThan(NOTICED_WITHIN_MS);
  // What had not begun lost nothing.
  expect(await installation.untilRunsEnded("behind", 1, 20_000)).toEqual({ success: 1 });
  expect((await facts.tries("behind")).map((one) => [one.tryNumber, one.state])).toEqual(Array.from({ length: WAITING }, () => [1, "success"]));
  expect(readWitnesses(installation).filter((one) => one.what === "behind")).toHaveLength(WAITING);
  expect(await facts.leases()).toEqual([]);
  return lost;
}

/** What a host that comes back from the dead would say. */
async function reportLate({ executionApiUrl }: Installation, hostId: string, attempts: readonly TryFacts[]): Promise<FinishAnswer[]> {
  const hostToken = createSignedTokens({ secretKey: EXECUTION_SECRET_KEY }).issue("host", hostId, 60_000);
  const client = createExecutionApiClient({ baseUrl: executionApiUrl, hostToken });
  try {
    const finishes = attempts.map((one): AttemptFinish => ({
      attemptId: one.attemptId!,
      outcome: { kind: "success", result: '"late"' },
      durationMs: 1,
    }));
    return (await client.exchange({ hostId, starts: [], finishes, want: 0, queues: null })).finished;
  } finally {
    await client.close();
  }
}

async function expectRefused(installation: Installation, hostId: string, lost: readonly TryFacts[]): Promise<void> {
  const before = await installation.facts.tries("lost");
  const answers = await reportLate(installation, hostId, lost);
  expect(answers.map((one) => [one.attemptId, one.accepted])).toEqual(lost.map((one) => [one.attemptId, false]));
  expect(await installation.facts.tries("lost")).toEqual(before);
}

/** As many tasks at once as there are slots, several times: a slot that leaked would leave some waiting. */
async function expectAllSlotsFree({ facts, rest, ...installation }: Installation): Promise<void> {
  await rest.trigger("follow_up");
  expect(await installation.untilRunsEnded("follow_up", 1, 20_000)).toEqual({ success: 1 });
  expect(await facts.leases()).toEqual([]);
}

test("a killed runner host: its tasks are tried again in time, what it would report later counts for nothing, no slot stays taken", async () => {
  const { installation, hostId, hostPid } = await beginWithOthersBehind();
  const killedAt = await installation.facts.now();
  process.kill(hostPid, "SIGKILL");
  const lost = await expectTriedAgain(installation, killedAt);
  await expectRefused(installation, hostId, lost);
  await expectAllSlotsFree(installation);
});

test("scheduler and runner host killed together: the leases run out, and the next scheduler's host tries again in time", async () => {
  const { installation, scheduler, hostId, hostPid } = await beginWithOthersBehind();
  const killedAt = await installation.facts.now();
  process.kill(hostPid, "SIGKILL");
  await scheduler.end("SIGKILL");
  await installation.start("scheduler");
  const lost = await expectTriedAgain(installation, killedAt);
  await expectRefused(installation, hostId, lost);
  await expectAllSlotsFree(installation);
});

test("a machine that stands still for longer than its leases: its tasks are tried again elsewhere in time, and it gives up its own when it goes on", async () => {
  const { installation, scheduler, hostId, hostPid } = await beginWithOthersBehind();
  await installation.start("scheduler", "b");
  const stoppedAt = await installation.facts.now();
  const machine = [scheduler.pid, hostPid];
  for (const pid of machine) process.kill(pid, "SIGSTOP");
  onTestFinished(() => goOn(machine));
  const lost = await expectTriedAgain(installation, stoppedAt);
  goOn(machine);
  await expectRefused(installation, hostId, lost);
  const ofLost = readWitnesses(installation).filter((one) => lost.some((attempt) => attempt.attemptId === one.attemptId));
  await until("the end of the processes that had lost their leases", () => ofLost.every(({ pid }) => !isAlive(pid)));
  expect(ofLost.map((one) => one.what)).not.toContain("end");
  await expectAllSlotsFree(installation);
  expect(scheduler.isRunning()).toBe(true);
});

test("a machine that stands still in the middle of a transaction: its locks hold up nobody for long, its tasks are tried again elsewhere in time", async () => {
  const { installation, scheduler, hostPid } = await begin();
  const machine = [scheduler.pid, hostPid];
  onTestFinished(() => goOn(machine));
  await stopInDispatch(installation, machine);
  await installation.start("scheduler", "b");
  // A start may take long on a machine that does much else.
  await expectTriedAgain(installation, await installation.facts.now());
  goOn(machine);
  await expectAllSlotsFree(installation);
  expect(scheduler.isRunning()).toBe(true);
});

/** Leaves a scheduler behind that holds the lock under which schedulers take from the queue. */
async function stopInDispatch({ facts, rest }: Installation, pids: readonly number[]): Promise<void> {
  const unlock = await facts.lockDispatch();
  await rest.trigger("behind");
  await until("the scheduler to wait in the middle of its dispatch", async () =>
    (await facts.openTransactions()).some((one) => one.waitsFor === "advisory"),
  );
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  await unlock();
}

function goOn(pids: readonly number[]): void {
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGCONT");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
