import { type ErrorCode, ERROR_CODES, type Json, TradewindError } from "@tradewind/core";
import type { LogEntry, TaskRuntime } from "tradewind/internal";
import type { AuthorCall, FromChild, RunMessage, ToChild } from "../protocol/messages.ts";

/** Fields of one log entry, as JSON. */
const MAX_FIELDS_LENGTH = 65_536;

type Reply = Extract<ToChild, { kind: "reply" }>;
interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Questions of author code to the host that have no answer yet. */
export class AuthorCalls {
  readonly #send: (message: FromChild) => void;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(send: (message: FromChild) => void) {
    this.#send = send;
  }

  ask(seq: number, call: AuthorCall): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ kind: "call", seq, call: id, ...call });
    });
  }

  answer(reply: Reply): void {
    const pending = this.#pending.get(reply.call);
    this.#pending.delete(reply.call);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new TradewindError(knownCode(reply.code), reply.message));
  }

  /** The attempt is over: nobody waits any more. */
  forget(): void {
    this.#pending.clear();
  }
}

function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : "internal";
}

/** What `getContext()` and `getClient()` stand on inside a child process. */
export function attemptRuntime(
  message: Pick<RunMessage, "seq" | "context">,
  signal: AbortSignal,
  send: (message: FromChild) => void,
  calls: AuthorCalls,
): TaskRuntime {
  const { seq } = message;
  const ask = <T>(call: AuthorCall) => calls.ask(seq, call) as Promise<T>;
  return {
    context: message.context,
    signal,
    log: (entry) => send(logMessage(seq, entry)),
    progress: ({ fraction, message: words }) => send({ kind: "progress", seq, fraction, message: words }),
    getVariable: async (key) => (await ask<string | null>({ method: "getVariable", key })) ?? undefined,
    setVariable: async (key, value, description) => void (await ask({ method: "setVariable", key, value, description })),
    deleteVariable: (key) => ask<boolean>({ method: "deleteVariable", key }),
    getConnection: async (connectionId) =>
      (await ask<Awaited<ReturnType<TaskRuntime["getConnection"]>> | null>({ method: "getConnection", connectionId })) ?? undefined,
    getXCom: async (address) => {
      const answer = await ask<{ found: boolean; value: Json }>({ method: "getXCom", address });
      return answer.found ? answer.value : undefined;
    },
    setXCom: async (key, value) => void (await ask({ method: "setXCom", key, value })),
    triggerDagRun: (request) => ask({ method: "triggerDagRun", request }),
    getTaskInstanceStates: (query) => ask({ method: "getTaskStates", query }),
    getDagRunState: async (dagId, runId) =>
      (await ask<Awaited<ReturnType<TaskRuntime["getDagRunState"]>> | null>({ method: "getDagRunState", dagId, runId })) ?? undefined,
  };
}

function logMessage(seq: number, entry: LogEntry): FromChild {
  const fields = entry.fields === undefined ? undefined : jsonFields(entry.fields);
  // Authors who write JavaScript may log anything; the type is only a promise.
  // oxlint-disable-next-line typescript/no-unnecessary-type-conversion
  return { kind: "log", seq, at: Date.now(), level: entry.level, message: String(entry.message), fields, stream: entry.stream };
}

// A log line never fails a task: what can't be JSON (a cycle, a bigint), or is too long, is told in the line instead.
function jsonFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    const text = JSON.stringify(fields);
    return text.length <= MAX_FIELDS_LENGTH ? fields : { fields_omitted: `${text.length} characters of fields are more than a log line may have` };
  } catch (error) {
    return { fields_omitted: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
