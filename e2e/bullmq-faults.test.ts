import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hasRedisServer, type Installation, type Program, type RedisServer, type TryFacts, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { makeBullMqInstallation } from "./bullmq-installation.ts";
import { dagSource, gateFile, readWitnesses } from "./dag-sources.ts";

const TASKS = Number(process.env["TRADEWIND_E2E_TASKS"] ?? 2_000);
const RUNS = 20;
const TASK_MS = 120;
const KILL_EVERY_MS = 3_000;
const STOP_FOR_MS = 30_000;
/** On a machine that is busy with other tests a worker takes longer to start than it is left alive: that is slow, and no failure. */
const ENDS_WITHIN_MS = 420_000;
const WORKERS = ["north", "east", "west"];
const SLOTS = 4;

/** Kills the workers of these names in turn, and starts each again as whatever runs containers would. */
class Reaper {
  /** When which runner host was killed or stopped, by its name; a task may be lost with these, from then on, and with no other. */
  readonly victims = new Map<string, Date>();
  readonly #start: (name: string) => Promise<Program>;
  readonly #living = new Map<string, Program>();
  #spared: string | null = null;
  #ended = false;
  #lives = 0;
  #killing: Promise<void> = Promise.resolve();
  kills = 0;

  constructor(start: (name: string) => Promise<Program>) {
    this.#start = start;
  }

  async begin(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#raise(name)));
    this.#killing = this.#killInTurn();
  }

  /** The worker freezes for a while, and is not killed meanwhile. */
  async freeze(name: string, forMs: number): Promise<void> {
    this.#spared = name;
    await until(`${name} to be alive`, () => this.#living.has(name));
    const worker = this.#living.get(name)!;
    this.#strike(worker);
    process.kill(worker.pid, "SIGSTOP");
    onTestFinished(() => void (worker.isRunning() && process.kill(worker.pid, "SIGCONT")));
    await sleep(forMs);
    process.kill(worker.pid, "SIGCONT");
    this.#spared = null;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#killing;
  }

  async #killInTurn(): Promise<void> {
    const raised: Promise<void>[] = [];
    for (let turn = 0; ; turn++) {
      await sleep(KILL_EVERY_MS);
      if (this.#ended) return void (await Promise.all(raised));
      const names = [...this.#living.keys()].filter((name) => name !== this.#spared);
      const name = names[turn % Math.max(1, names.length)];
      if (name === undefined) continue;
      const worker = this.#living.get(name)!;
      this.#living.delete(name);
      this.#strike(worker);
      this.kills++;
      await worker.end("SIGKILL");
      raised.push(this.#raise(name));
    }
  }

  // The worker that was frozen is killed later, too: what was lost in between was lost with it as well.
  #strike({ name }: Program): void {
    if (!this.victims.has(name)) this.victims.set(name, new Date());
  }

  async #raise(name: string): Promise<void> {
    const life = `${name}-${++this.#lives}`;
    const worker = await this.#start(life);
    this.#living.set(name, { ...worker, name: life });
  }
}

async function ended({ facts }: Installation, share: number): Promise<void> {
  await until(`${share * 100} % of the tasks to have ended`, async () => (await facts.countEnded("flood")) >= TASKS * share, ENDS_WITHIN_MS);
}

/** Faults of the transport, spread over the work. */
async function disturb(installation: Installation, redis: RedisServer): Promise<void> {
  await ended(installation, 0.15);
  await redis.restart("SIGTERM");
  await ended(installation, 0.4);
  await redis.ask("FLUSHALL");
  await ended(installation, 0.6);
  await redis.restart("SIGKILL");
}

/** Whether it was lost with a worker that had been killed or stopped before. */
function isLostWithWorker({ reason, message, endedAt }: TryFacts, victims: ReadonlyMap<string, Date>): boolean {
  const [, host = ""] = /The runner "bullmq-(.*)-[0-9a-f]{8}"/u.exec(message ?? "") ?? [];
  const sinceWhen = victims.get(host);
  return reason === "lost" && sinceWhen !== undefined && endedAt !== null && endedAt >= sinceWhen;
}

/** Each slot of each worker takes a task, all at the same time: none is held by what was lost. */
async function expectAllSlots(installation: Installation): Promise<void> {
  const slots = WORKERS.length * SLOTS;
  const tasks = `for (let index = 0; index < ${slots}; index += 1) dag.task(\`task\${index}\`, async () => { note("begin"); await gate("full"); })();`;
  installation.saveDag("full.ts", dagSource(installation, "full", tasks));
  await installation.untilKnown("full");
  const runId = await installation.rest.trigger("full");
  const begun = () => readWitnesses(installation).filter((witness) => witness.runId === runId);
  await until("a task in every slot", () => begun().length === slots, 30_000);
  expect(new Set(begun().map(({ pid }) => pid)).size).toBe(slots);
  writeFileSync(gateFile(installation, "full"), "");
  expect(await installation.untilRunsEnded("full", 1, 30_000)).toEqual({ success: 1 });
}

test.skipIf(!hasRedisServer())(
  "workers are killed every 3 s and one is frozen for 30 s, Redis is restarted twice and emptied once: every task ends well, each accepted once, and only lost workers cost a try",
  { timeout: ENDS_WITHIN_MS + 180_000 },
  async () => {
    const { installation, redis, startWorker } = await makeBullMqInstallation({
      concurrency: SLOTS,
      // A worker that is only slow, on a machine that does much else, is not to lose its tasks.
      env: { TRADEWIND__EXECUTION_API__LEASE_SECONDS: "15" },
    });
    const { facts, rest } = installation;
    const tasks = `for (let index = 0; index < ${TASKS / RUNS}; index += 1) dag.task(\`task\${index}\`, async () => { note("begin"); await pause(${TASK_MS}); note("end"); }, { retries: 50, retryDelay: 0 })();`;
    installation.saveDag("flood.ts", dagSource(installation, "flood", tasks));
    await installation.untilKnown("flood");
    const reaper = new Reaper(startWorker);
    await reaper.begin(WORKERS);
    const startedAt = performance.now();
    await rest.triggerMany("flood", RUNS);
    await Promise.all([
      reaper.freeze("west", STOP_FOR_MS),
      disturb(installation, redis),
      ended(installation, 1).then(() =>
        console.log(`${TASKS} tasks ended after ${Math.round(performance.now() - startedAt)} ms, with ${reaper.kills} kills`),
      ),
    ]);
    await reaper.end();
    expect(await installation.untilRunsEnded("flood", RUNS, 30_000)).toEqual({ success: RUNS });

    const tries = await facts.tries("flood");
    const [before, last] = [tries.filter((one) => !one.isCurrent), tries.filter((one) => one.isCurrent)];
    expect(last).toHaveLength(TASKS);
    expect(last.filter((one) => one.state !== "success")).toEqual([]);
    // What was accepted is what ran, once; and no attempt was ever begun by two workers, or twice by one.
    const times = (what: string) =>
      Map.groupBy(
        readWitnesses(installation).filter((witness) => witness.what === what),
        ({ attemptId }) => attemptId,
      );
    for (const ran of [times("begin"), times("end")]) {
      expect(last.filter((one) => ran.get(one.attemptId!)?.length !== 1)).toEqual([]);
      expect([...ran].filter(([, witnesses]) => witnesses.length > 1)).toEqual([]);
    }
    // Each try before the last one was lost with a worker that had been killed or frozen by then: Redis cost none.
    expect(reaper.kills).toBeGreaterThan(5);
    expect(before.length).toBeGreaterThan(0);
    expect(before.filter((one) => !isLostWithWorker(one, reaper.victims))).toEqual([]);
    console.log(`${before.length} tries were lost with ${reaper.victims.size} workers`);
    expect(await facts.leases()).toEqual([]);
    await expectAllSlots(installation);
    expect(await facts.leases()).toEqual([]);
  },
);
