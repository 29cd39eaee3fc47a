/**
 * The engine alone: a host in the same process that does nothing with what it gets, over a real PostgreSQL with full durability. Shows what a transition costs in transactions and
 * statements, without HTTP, child processes and schedulers.
 *
 *     node packages/bench/src/engine-exchange.ts [slots …]
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttemptGrant } from "@tradewind/contract";
import { canonicalJson, type DagSpec, type TaskSpec } from "@tradewind/core";
import { dagSpec, taskSpec } from "@tradewind/core/plain-spec";
import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey, migrate, openDatabase, openHotDatabase, startEmbeddedPostgres } from "@tradewind/metadata";
import { percentile, round } from "./measure/statistics.ts";

const SCHEDULER = "00000000-0000-7000-8000-000000000001";

function task(taskId: string, upstream: string[] = []): TaskSpec {
  return taskSpec(taskId, { upstream: upstream.sort(), retryDelayMs: 0, weightRule: "absolute" });
}

function dag(dagId: string, tasks: TaskSpec[]): DagSpec {
  return dagSpec({ dagId, tasks, maxActiveRuns: 100_000, maxActiveTasks: 100_000, isPausedUponCreation: false });
}

async function store(engine: Engine, spec: DagSpec): Promise<void> {
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const specJson = canonicalJson(spec);
  await engine.recordDagFile({
    bundleName: "bench",
    relativePath: `${spec.dagId}.ts`,
    fingerprint: {},
    parseDurationMs: 1,
    resolveFrom: [],
    result: {
      ok: true,
      bundle: { sha256: sha(spec.dagId), code: `// ${spec.dagId}`, sourceMap: null },
      source: "",
      dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha(specJson) }],
    },
  });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const shapes = {
  chain: dag(
    "chain",
    range(40).map((index) => task(`t${index}`, index === 0 ? [] : [`t${index - 1}`])),
  ),
  three: dag("three", [task("a"), task("b", ["a"]), task("c", ["b"])]),
  fan: dag("fan", [
    task("start"),
    ...range(1_000).map((index) => task(`w${index}`, ["start"])),
    task(
      "end",
      range(1_000).map((index) => `w${index}`),
    ),
  ]),
  ten: dag(
    "ten",
    range(10).map((index) => task(`t${index}`)),
  ),
};

/** Slots that ask again for each task they finish, until `total` have ended. */
async function run(engine: Engine, hostId: string, slots: number, total: number): Promise<{ totalMs: number; gapsMs: number[] }> {
  const began = performance.now();
  const gapsMs: number[] = [];
  let ended = 0;
  let busy = 0;
  let done!: () => void;
  const over = new Promise<void>((resolve) => (done = resolve));

  async function occupy(grant: AttemptGrant): Promise<void> {
    let current: AttemptGrant | undefined = grant;
    while (current !== undefined) {
      const at = performance.now();
      const finishes = [{ attemptId: current.attemptId, outcome: { kind: "success" as const, result: "1" }, durationMs: 0 }];
      const { next } = await engine.exchange({ hostId, starts: [], finishes, want: 1, queues: null });
      gapsMs.push(performance.now() - at);
      ended += 1;
      current = next[0];
    }
    busy -= 1;
    if (ended >= total) done();
    else void fill();
  }

  let filling = false;
  let again = false;
  async function fill(): Promise<void> {
    if (filling) {
      again = true;
      return;
    }
    filling = true;
    do {
      again = false;
      const free = slots - busy;
      if (free <= 0 || ended >= total) continue;
      busy += free;
      const { commands } = await engine.dispatch({ schedulerId: SCHEDULER, parallelism: 100_000, executors: [{ name: "local", free }], limit: free });
      busy -= free - commands.length;
      if (commands.length === 0) continue;
      const { granted } = await engine.exchange({
        hostId,
        starts: commands.map((command) => command.attemptId),
        finishes: [],
        want: 0,
        queues: null,
      });
      busy -= commands.length - granted.length;
      for (const grant of granted) void occupy(grant);
    } while (again);
    filling = false;
  }
  const stopListening = engine.onWake((kinds) => {
    if (kinds.has("ready")) void fill();
  });
  await fill();
  await over;
  stopListening();
  return { totalMs: performance.now() - began, gapsMs };
}

const directory = mkdtempSync(join(tmpdir(), "tradewind-bench-"));
const postgres = await startEmbeddedPostgres({ directory });
try {
  await migrate({ url: postgres.url });
  const db = openDatabase({ url: postgres.url });
  const hot = openHotDatabase({ url: postgres.url });
  const engine = createEngine({
    db,
    hot,
    fernet: createFernet(generateFernetKey()),
    issueAttemptToken: ({ attemptId }) => attemptId,
    defaultExecutor: "local",
    dagsArePausedAtCreation: false,
    listens: false,
    onError: (error) => console.error(error),
  });
  await engine.registerHost({ hostId: "bench", executor: "local", hostname: "bench", pid: 1, version: "1", slots: 1_000, queues: null });
  for (const spec of Object.values(shapes)) await store(engine, spec);
  const trigger = (dagId: string): Promise<unknown> =>
    engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "bench" } });

  const slotCounts = process.argv.slice(2).map(Number);
  for (const slots of slotCounts.length > 0 ? slotCounts : [8, 32, 128]) {
    for (let warm = 0; warm < 3; warm++) {
      await trigger("chain");
      await run(engine, "bench", slots, 40);
    }
    const gaps: number[] = [];
    for (let round = 0; round < 5; round++) {
      await trigger("chain");
      gaps.push(...(await run(engine, "bench", slots, 40)).gapsMs);
    }
    for (let index = 0; index < 200; index++) await trigger("three");
    const three = await run(engine, "bench", slots, 600);
    await trigger("fan");
    const fan = await run(engine, "bench", slots, 1_002);
    for (let index = 0; index < 1_000; index++) await trigger("ten");
    const ten = await run(engine, "bench", slots, 10_000);
    console.log(
      JSON.stringify({
        slots,
        chainTransitionMs: { p50: round(percentile(gaps, 0.5), 2), p99: round(percentile(gaps, 0.99), 2) },
        threeStepRunsPerSecond: Math.round(200_000 / three.totalMs),
        fanMs: Math.round(fan.totalMs),
        tenTasksPerSecond: Math.round(10_000_000 / ten.totalMs),
      }),
    );
  }
  await engine.close();
  await Promise.all([db.close(), hot.close()]);
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
