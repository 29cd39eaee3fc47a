import type { Json } from "@tradewind/core";
import type { LogEntry } from "tradewind/internal";
import { formatLogLine } from "../output/log-line.ts";
import type { Output } from "../output/output.ts";
import { shortInstant, showDuration } from "../output/times.ts";
import type { LocalInstance } from "./local-run.ts";

interface FinishedRun {
  dagId: string;
  runId: string;
  logicalDate: Date;
  conf: Record<string, Json>;
  state: string;
  instances: readonly LocalInstance[];
}

/** Tells how a run in this process goes: as it happens for people, in one object at the end for programs. */
export class LocalRunReport {
  readonly #output: Output;
  /** Decided by the end of the task that is being told about. */
  readonly #waiting: LocalInstance[] = [];
  #isInside = false;
  readonly #logs = new Map<LocalInstance, ({ timestamp: string; level: string; event: string } & Record<string, unknown>)[]>();

  constructor(output: Output) {
    this.#output = output;
  }

  started(dagId: string, runId: string, logicalDate: Date): void {
    this.#print(`${this.#output.paint("bold", dagId)}  run ${runId}, logical date ${shortInstant(logicalDate.toISOString())}\n`);
  }

  begin(instance: LocalInstance): void {
    this.#isInside = true;
    this.#print(`\n${this.#output.paint("bold", nameOf(instance))}\n`);
  }

  log(instance: LocalInstance, { level, message, fields, stream }: LogEntry): void {
    const line = { timestamp: new Date().toISOString(), level, event: message, ...(stream === undefined ? {} : { stream }), ...fields };
    this.#logs.set(instance, [...(this.#logs.get(instance) ?? []), line]);
    this.#print(formatLogLine(line, this.#output.out).replaceAll(/^(?=.)/gmu, "    "));
  }

  /** It was run. */
  end(instance: LocalInstance): void {
    const result = instance.xcoms.get("return_value");
    const shown = result === undefined ? "" : `  ${this.#output.paint("dim", `→ ${shorten(JSON.stringify(result))}`)}`;
    const tries = instance.tryNumber > 1 ? `, ${instance.tryNumber} tries` : "";
    const why = instance.error ?? (instance.state === "skipped" ? instance.reason : null);
    this.#print(
      `  ${this.#state(instance.state)} (${showDuration((instance.durationMs ?? 0) / 1000)}${tries})${why === null ? "" : `  ${why}`}${shown}\n`,
    );
    this.#isInside = false;
    for (const other of this.#waiting.splice(0)) this.decided(other);
  }

  /** It got its state without being run. */
  decided(instance: LocalInstance): void {
    if (this.#isInside) return void this.#waiting.push(instance);
    this.#print(
      `\n${this.#output.paint("bold", nameOf(instance))}\n  ${this.#state(instance.state)}  ${this.#output.paint("dim", instance.reason ?? "")}\n`,
    );
  }

  finished(run: FinishedRun): void {
    if (this.#output.isJson) return this.#output.json({ ...this.#toJson(run) });
    const counts = new Map<string, number>();
    for (const { state } of run.instances) counts.set(state ?? "never ready", (counts.get(state ?? "never ready") ?? 0) + 1);
    const tally = [...counts].map(([state, count]) => `${count} ${this.#state(state)}`).join(", ");
    this.#print(
      `\nThe run is a ${run.state === "success" ? this.#output.paint("green", "success") : this.#output.paint("red", "failure")}: ${tally}.\n`,
    );
  }

  #toJson({ dagId, runId, logicalDate, conf, state, instances }: FinishedRun): object {
    const toInstance = (instance: LocalInstance): object => ({
      task_id: instance.node.taskId,
      map_index: instance.mapIndex,
      state: instance.state,
      try_number: instance.tryNumber,
      duration: instance.durationMs === null ? null : instance.durationMs / 1000,
      reason: instance.reason,
      error: instance.error,
      xcoms: Object.fromEntries(instance.xcoms),
      log: this.#logs.get(instance) ?? [],
    });
    return { dag_id: dagId, dag_run_id: runId, logical_date: logicalDate.toISOString(), conf, state, task_instances: instances.map(toInstance) };
  }

  #state(state: string | null): string {
    const { text, style } = this.#output.state(state);
    return this.#output.paint(style ?? null, text);
  }

  #print(text: string): void {
    if (!this.#output.isJson) this.#output.out.write(text);
  }
}

function nameOf({ node, mapIndex }: LocalInstance): string {
  return mapIndex < 0 ? node.taskId : `${node.taskId}[${mapIndex}]`;
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
