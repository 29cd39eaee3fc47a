import { formatDuration, type RunInstance } from "@tradewind/core";
import type { LogEntry } from "tradewind/internal";
import { type AttemptRecord, instanceName, type MemoryRunListener, type TestRun, type TestTask } from "tradewind/testing/internal";
import { formatLogLine } from "../output/log-line.ts";
import type { Output } from "../output/output.ts";
import { shortInstant, showDuration } from "../output/times.ts";

/** Tells how a run in this process goes: as it happens for people, in one object at the end for programs. */
export class LocalRunReport implements MemoryRunListener {
  readonly #output: Output;
  /** Decided by the end of the task that is being told about. */
  readonly #waiting: RunInstance[] = [];
  /** What the lines that are written now are about. */
  #current: RunInstance | null = null;
  readonly #open = new Set<RunInstance>();

  constructor(output: Output) {
    this.#output = output;
  }

  started(dagId: string, runId: string, logicalDate: Date): void {
    this.#print(`${this.#output.paint("bold", dagId)}  run ${runId}, logical date ${shortInstant(logicalDate.toISOString())}\n`);
  }

  attemptStarted(instance: RunInstance): void {
    this.#open.add(instance);
    this.#turnTo(instance);
  }

  log(instance: RunInstance, { level, message, fields, stream }: LogEntry): void {
    // Callbacks of the run itself have no task.
    if (instance.taskId !== "") this.#turnTo(instance);
    const line = lineOf(new Date(), { level, message, fields, stream });
    this.#print(formatLogLine(line, this.#output.out).replaceAll(/^(?=.)/gmu, "    "));
  }

  attemptEnded(instance: RunInstance, record: AttemptRecord): void {
    this.#open.delete(instance);
    if (instance.state === "up_for_retry") this.#tellRetry(instance, record);
    else if (instance.state !== "up_for_reschedule") this.#tellEnd(instance, record);
    for (const other of this.#waiting.splice(0)) this.decided(other);
  }

  /** It got its state without being run. */
  decided(instance: RunInstance): void {
    if (this.#open.size > 0) return void this.#waiting.push(instance);
    this.#print(
      `\n${this.#output.paint("bold", instanceName(instance))}\n  ${this.#state(instance.state)}  ${this.#output.paint("dim", instance.stateReason ?? "")}\n`,
    );
    this.#current = instance;
  }

  finished(run: TestRun, conf: Record<string, unknown>): void {
    if (this.#output.isJson) return this.#output.json(toJson(run, conf));
    const counts = new Map<string, number>();
    for (const { state } of run.tasks) counts.set(state ?? "never ready", (counts.get(state ?? "never ready") ?? 0) + 1);
    const tally = [...counts].map(([state, count]) => `${count} ${this.#state(state)}`).join(", ");
    const what = run.state === "success" ? this.#output.paint("green", "success") : this.#output.paint("red", "failure");
    this.#print(`\nThe run is a ${what}: ${tally}.\n`);
  }

  #tellRetry(instance: RunInstance, record: AttemptRecord): void {
    const { tryNumber, maxTries, timerMs } = instance;
    const message = `Try ${tryNumber} of ${maxTries + 1} failed: ${record.message}. The next one follows at once (${formatDuration(timerMs ?? 0)} in a real run).`;
    const entry = { level: "warn", message } as const;
    record.logs.push({ at: record.endedAt, ...entry });
    this.log(instance, entry);
  }

  #tellEnd(instance: RunInstance, record: AttemptRecord): void {
    this.#turnTo(instance);
    const tries = instance.tryNumber > 1 ? `, ${instance.tryNumber} tries` : "";
    const why = record.outcome === "success" ? null : (record.message ?? instance.stateReason);
    const shown = record.result === undefined ? "" : `  ${this.#output.paint("dim", `→ ${shorten(JSON.stringify(record.result))}`)}`;
    this.#print(`  ${this.#state(instance.state)} (${showDuration(record.durationMs / 1000)}${tries})${why === null ? "" : `  ${why}`}${shown}\n`);
  }

  /** Several may be under way, when one waits. */
  #turnTo(instance: RunInstance): void {
    if (this.#current === instance) return;
    this.#current = instance;
    this.#print(`\n${this.#output.paint("bold", instanceName(instance))}\n`);
  }

  #state(state: string | null): string {
    const { text, style } = this.#output.state(state);
    return this.#output.paint(style ?? null, text);
  }

  #print(text: string): void {
    if (!this.#output.isJson) this.#output.out.write(text);
  }
}

function toJson(run: TestRun, conf: Record<string, unknown>): object {
  return {
    dag_id: run.dagId,
    dag_run_id: run.runId,
    logical_date: run.logicalDate?.toISOString() ?? null,
    conf,
    state: run.state,
    task_instances: run.tasks.map(taskToJson),
  };
}

function taskToJson(task: TestTask): object {
  const last = task.attempts.at(-1);
  const hasFailed = task.state === "failed";
  return {
    task_id: task.taskId,
    map_index: task.mapIndex,
    rendered_map_index: task.label,
    state: task.state,
    try_number: task.tryNumber,
    duration: last === undefined ? null : task.attempts.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
    reason: hasFailed ? null : task.reason,
    error: hasFailed ? task.reason : null,
    xcoms: task.xcoms,
    log: task.logs.map(({ at, ...entry }) => lineOf(at, entry)),
  };
}

function lineOf(
  at: Date,
  { level, message, fields, stream }: LogEntry,
): { timestamp: string; level: string; event: string } & Record<string, unknown> {
  return { timestamp: at.toISOString(), level, event: message, ...(stream === undefined ? {} : { stream }), ...fields };
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
