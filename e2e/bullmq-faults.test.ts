import { setTimeout as sleep } from "node:timers/promises";
import { hasRedisServer, type Installation, type Program, type RedisServer, type TryFacts, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";
import { makeBullMqInstallation } from "./bullmq-installation.ts";
import { dagSource, readWitnesses } from "./dag-sources.ts";

const TASKS = Number(process.env["TRADEWIND_E2E_TASKS"] ?? 2_000);
const RUNS = 20;
const TASK_MS = 120;
const KILL_EVERY_MS = 3_000;
const STOP_FOR_MS = 30_000;
const WORKERS = ["north", "east", "west"];

/** Kills the workers of these names in turn, and starts each again as whatever runs containers would. */
class Reaper {
  /** Names of the runner hosts that were killed or stopped; a task may be lost with these, and with no other. */
  readonly victims = new Set<string>();
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
    this.victims.add(worker.name);
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
      this.victims.add(worker.name);
      this.kills++;
      await worker.end("SIGKILL");
      raised.push(this.#raise(name));
    }
  }

  async #raise(name: string): Promise<void> {
    const life = `${name}-${++this.#lives}`;
    const worker = await this.#start(life);
    this.#living.set(name, { ...worker, name: life });
  }
}

async function ended({ facts }: Installation, share: number): Promise<void> {
  await until(`${share * 100} % of the tasks to have ended`, async () => (await facts.countEnded("flood")) >= TASKS * share, 120_000);
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

/** The host that the message of a lost attempt names. */
const hostOf = ({ message }: TryFacts): string | undefined => /The runner "bullmq-(.*)-[0-9a-f]{8}"/u.exec(message ?? "")?.[1];

test.skipIf(!hasRedisServer())(
  "workers are killed every 3 s and one is frozen for 30 s, Redis is restarted twice and emptied once: every task ends well, each accepted once, and only lost workers cost a try",
  async () => {
    const { installation, redis, startWorker } = await makeBullMqInstallation({
      concurrency: 4,
      // A worker that is only slow, on a machine that does much else, is not to lose its tasks.
      env: { TRADEWIND__EXECUTION_API__LEASE_SECONDS: "15" },
    });
    const { facts, rest } = installation;
    const tasks = `for (let index = 0; index < ${TASKS / RUNS}; index += 1) dag.task(\`task\${index}\`, async () => { await pause(${TASK_MS}); note("end"); }, { retries: 50, retryDelay: 0 })();`;
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
    // What was accepted is what ran, once.
    const ends = Map.groupBy(readWitnesses(installation), (witness) => witness.attemptId);
    expect(last.filter((one) => ends.get(one.attemptId!)?.length !== 1)).toEqual([]);
    expect([...ends].filter(([, witnesses]) => witnesses.length > 1)).toEqual([]);
    // Each try before the last one was lost with a worker that had been killed or frozen.
    expect(before.length).toBeGreaterThan(0);
    expect(before.filter((one) => one.reason !== "lost" || !reaper.victims.has(hostOf(one) ?? ""))).toEqual([]);
    console.log(`${before.length} tries were lost with ${reaper.victims.size} workers`);
    expect(await facts.leases()).toEqual([]);
  },
);
