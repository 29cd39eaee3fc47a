import type { DagRunState, Json } from "@tradewind/core";
import type { AttemptContextData, Connection, LogEntry, ProgressReport, TaskRuntime, TriggerRequest, XComAddress } from "../src/internal.ts";

/** A runtime that keeps everything in memory, and remembers what it was told. */
export class MemoryRuntime implements TaskRuntime {
  context: AttemptContextData = {
    dagId: "d",
    runId: "manual__1",
    runType: "manual",
    taskId: "t",
    mapIndex: -1,
    tryNumber: 2,
    maxTries: 3,
    attemptId: "0199",
    logicalDate: "2026-01-31T06:00:00.000Z",
    dataIntervalStart: "2026-01-30T06:00:00.000Z",
    dataIntervalEnd: "2026-01-31T06:00:00.000Z",
    runAfter: "2026-01-31T06:00:00.000Z",
    runStartedAt: "2026-01-31T06:00:01.000Z",
    conf: { day: 1 },
    params: { region: "eu" },
    dagVersion: 4,
  };
  readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  readonly entries: LogEntry[] = [];
  readonly reports: ProgressReport[] = [];
  readonly variables = new Map<string, string>();
  readonly connections = new Map<string, Connection>();
  readonly xcoms = new Map<string, Json>();
  readonly triggered: TriggerRequest[] = [];
  /** What `getDagRunState` answers, one after the other; the last stays. */
  states: DagRunState[] = [];
  onLog: (entry: LogEntry) => void = () => {};

  log(entry: LogEntry): void {
    this.entries.push(entry);
    this.onLog(entry);
  }

  /** The log lines of one stream. */
  lines(stream?: "stdout" | "stderr"): string[] {
    return this.entries.filter((entry) => entry.stream === stream).map((entry) => entry.message);
  }

  progress(report: ProgressReport): void {
    this.reports.push(report);
  }

  async getVariable(key: string): Promise<string | undefined> {
    return this.variables.get(key);
  }

  async setVariable(key: string, value: string): Promise<void> {
    this.variables.set(key, value);
  }

  async deleteVariable(key: string): Promise<boolean> {
    return this.variables.delete(key);
  }

  async getConnection(connectionId: string): Promise<Connection | undefined> {
    return this.connections.get(connectionId);
  }

  async getXCom({ taskId, key }: XComAddress): Promise<Json | undefined> {
    return this.xcoms.get(`${taskId}.${key}`);
  }

  async setXCom(key: string, value: Json): Promise<void> {
    this.xcoms.set(`${this.context.taskId}.${key}`, value);
  }

  async triggerDagRun(request: TriggerRequest): Promise<{ runId: string; state: DagRunState | null }> {
    this.triggered.push(request);
    return { runId: request.runId ?? "operator_triggered__1", state: "queued" };
  }

  async getDagRunState(): Promise<DagRunState | undefined> {
    return this.states.length > 1 ? this.states.shift() : this.states[0];
  }
}
