import type { Json } from "@tradewind/core";
import type { Operator } from "../src/index.ts";
import { classifyError } from "../src/internal.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { runOperator } from "./run-operator.ts";

/** How an attempt of a sensor ended. */
export type SensorEnd =
  | { kind: "success"; result: unknown }
  | { kind: "skip" | "fail" | "error" | "retry"; message: string; type?: string }
  | { kind: "reschedule"; afterMs: number };

/** Runs sensors by a clock that jumps over all waiting. */
export class SensorClock {
  readonly runtime = new MemoryRuntime();
  nowMs = Date.parse("2026-01-31T06:00:00Z");
  /** The waits within attempts. */
  readonly sleeps: number[] = [];

  constructor() {
    Object.assign(this.runtime, {
      now: () => this.nowMs,
      sleep: async (ms: number, signal: AbortSignal) => {
        signal.throwIfAborted();
        this.sleeps.push(ms);
        this.nowMs += ms;
      },
    });
  }

  /** One attempt. */
  async attempt(operator: Operator<never, unknown>, inputs: Record<string, Json> = {}): Promise<SensorEnd> {
    this.runtime.context = {
      ...this.runtime.context,
      firstStartedAt: this.runtime.context.firstStartedAt ?? new Date(this.nowMs).toISOString(),
    };
    try {
      return { kind: "success", result: await runOperator(this.runtime, operator, inputs) };
    } catch (error) {
      const verdict = classifyError(error);
      if (verdict.kind === "reschedule") return { kind: "reschedule", afterMs: verdict.afterMs };
      return { kind: verdict.kind, message: verdict.message, ...(verdict.kind === "skip" ? {} : { type: verdict.type }) };
    }
  }

  /** Attempts until one ends otherwise than by a reschedule, as the engine would start them. */
  async run(operator: Operator<never, unknown>): Promise<{ end: SensorEnd; reschedules: number[] }> {
    const reschedules: number[] = [];
    for (;;) {
      this.runtime.context = { ...this.runtime.context, rescheduleCount: reschedules.length };
      const end = await this.attempt(operator);
      if (end.kind !== "reschedule") return { end, reschedules };
      reschedules.push(end.afterMs);
      this.nowMs += end.afterMs;
    }
  }
}
