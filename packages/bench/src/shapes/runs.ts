import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../installation.ts";

const POLL_MS = 100;

/** Waits until so many DAGs of a prefix are there. */
export async function untilDagsAreKnown(installation: Installation, prefix: string, count: number, timeoutMs = 120_000): Promise<void> {
  await until(timeoutMs, `${count} DAGs "${prefix}…"`, async () => {
    const [row] = await installation.query<{ count: string }>("select count(*) from dag where starts_with(dag_id, $1) and not is_stale", [prefix]);
    return Number(row!.count) >= count;
  });
}

/** Triggers one run of each DAG, a few requests at a time. */
export async function triggerEach(installation: Installation, dagIds: readonly string[]): Promise<void> {
  const waiting = [...dagIds];
  const worker = async (): Promise<void> => {
    for (let dagId = waiting.pop(); dagId !== undefined; dagId = waiting.pop()) {
      await installation.request("POST", `/dags/${dagId}/dagRuns`, { logical_date: null });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Waits until all runs of the prefix have ended; fails when one did not succeed. */
export async function untilRunsEnded(installation: Installation, prefix: string, count: number, timeoutMs = 300_000): Promise<void> {
  await until(timeoutMs, `${count} ended runs of "${prefix}…"`, async () => {
    const [row] = await installation.query<{ ended: string; failed: string }>(
      `select count(*) filter (where state in ('success', 'failed')) as ended, count(*) filter (where state = 'failed') as failed from dag_run where starts_with(dag_id, $1)`,
      [prefix],
    );
    if (Number(row!.failed) > 0) throw new Error(`${row!.failed} runs of "${prefix}…" failed: the benchmark says nothing`);
    return Number(row!.ended) >= count;
  });
}

async function until(timeoutMs: number, what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(POLL_MS);
  }
}
