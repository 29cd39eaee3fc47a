import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "@tradewind/testkit";

/** One line that author code has written. */
export interface Witness {
  what: string;
  runId: string;
  taskId: string;
  tryNumber: number;
  attemptId: string;
  /** Of the process that ran it. */
  pid: number;
  /** Epoch milliseconds. */
  at: number;
}

const witnessFile = ({ folder }: Pick<Installation, "folder">): string => join(folder, "witness");

/** A file that tasks wait for. */
export const gateFile = ({ folder }: Pick<Installation, "folder">, name: string): string => join(folder, `gate-${name}`);

/**
 * The beginning of a DAG file whose tasks bear witness of what they really did, whatever the database believes: `note(what)` appends a line, `gate(name)` waits until the test makes
 * a file, `pause(ms)` is work of a known length.
 */
export function dagSource(installation: Pick<Installation, "folder">, dagId: string, tasks: string, options = ""): string {
  return `import { appendFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { Dag, getClient, getContext } from "tradewind";

function note(what: string): void {
  const { run, task, attempt } = getContext();
  const line = { what, runId: run.runId, taskId: task.taskId, tryNumber: attempt.tryNumber, attemptId: attempt.id, pid: process.pid, at: performance.timeOrigin + performance.now() };
  appendFileSync(${JSON.stringify(witnessFile(installation))}, JSON.stringify(line) + "\\n");
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function gate(name: string): Promise<void> {
  while (await access(${JSON.stringify(gateFile(installation, ""))} + name).then(() => false, () => true)) await pause(20);
}

export const dag = new Dag(${JSON.stringify(dagId)}, { isPausedUponCreation: false, maxActiveRuns: 10_000, maxActiveTasks: 10_000, ${options} });
${tasks}
`;
}

export function readWitnesses(installation: Pick<Installation, "folder">): Witness[] {
  const path = witnessFile(installation);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Witness);
}
