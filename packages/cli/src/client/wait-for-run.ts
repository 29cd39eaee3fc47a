import { setTimeout as sleep } from "node:timers/promises";
import type { Output } from "../output/output.ts";
import { paint, stateStyle } from "../output/terminal.ts";
import { listTaskInstances } from "./find-runs.ts";
import { type DagRunResource, FINISHED_RUN_STATES, type TaskInstanceResource } from "./resources.ts";
import { path, type RestClient } from "./rest-client.ts";

/** Short runs are answered at once, long ones cost little. */
const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 1_000;

/** Waits for the end of a run; null when that took longer than `timeoutMs`. On a terminal, stderr shows how far it is. */
export async function waitForRun(
  client: RestClient,
  run: DagRunResource,
  output: Output,
  timeoutMs = Number.POSITIVE_INFINITY,
): Promise<DagRunResource | null> {
  const giveUpAt = performance.now() + timeoutMs;
  const progress = output.err.columns === null ? null : new ProgressLine(output);
  try {
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(LAST_POLL_MS, pauseMs * 1.3)) {
      const now = await client.get<DagRunResource>(path`/api/v2/dags/${run.dag_id}/dagRuns/${run.dag_run_id}`);
      if (FINISHED_RUN_STATES.has(now.state)) return now;
      if (performance.now() > giveUpAt) return null;
      progress?.show(`${now.dag_run_id}  ${now.state}  ${countStates(await listTaskInstances(client, run), output)}`);
      await sleep(Math.max(0, Math.min(pauseMs, giveUpAt - performance.now())));
    }
  } finally {
    progress?.clear();
  }
}

/** "3 success, 2 running, 1 waiting" */
export function countStates(instances: readonly TaskInstanceResource[], output: Output): string {
  const counts = new Map<string, number>();
  for (const { state } of instances) counts.set(state ?? "waiting", (counts.get(state ?? "waiting") ?? 0) + 1);
  return [...counts].map(([state, count]) => paint(output.err, stateStyle(state), `${count} ${state}`)).join(", ");
}

/** One line on the terminal, written over and over. */
class ProgressLine {
  readonly #output: Output;
  #shown = "";

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    // Without wrapping, so that a long line does not leave its rest behind.
    this.#output.err.write(`\r\u001B[2K\u001B[?7l${text}\u001B[?7h`);
  }

  clear(): void {
    if (this.#shown !== "") this.#output.err.write("\r\u001B[2K");
  }
}
