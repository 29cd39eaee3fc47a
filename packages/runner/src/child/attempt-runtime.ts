import { type ErrorCode, ERROR_CODES, type Json, TradewindError } from "@tradewind/core";
import type { LogEntry, TaskRuntime, TaskStatesAnswer, TaskStatesQuery } from "tradewind/internal";
import type { AuthorCall, FromChild, RunMessage, ToChild } from "../protocol/messages.ts";
import type { RenderedFields } from "./rendered-fields.ts";

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

/** What `getContext()` and `getClient()` stand on inside a child process. Made for each attempt: methods, since as many functions made anew would cost more than the rest of a short one. */
export class AttemptRuntime implements TaskRuntime {
  readonly context: TaskRuntime["context"];
  readonly signal: AbortSignal;
  readonly #seq: number;
  readonly #send: (message: FromChild) => void;
  readonly #calls: AuthorCalls;
  readonly #rendered: RenderedFields | undefined;

  /** @param rendered absent: nobody looks at what the options came out as */
  constructor(
    message: Pick<RunMessage, "seq" | "context">,
    signal: AbortSignal,
    send: (message: FromChild) => void,
    calls: AuthorCalls,
    rendered?: RenderedFields,
  ) {
    this.context = message.context;
    this.signal = signal;
    this.#seq = message.seq;
    this.#send = send;
    this.#calls = calls;
    this.#rendered = rendered;
  }

  log(entry: LogEntry): void {
    this.#send(logMessage(this.#seq, entry));
  }

  progress({ fraction, message }: Parameters<TaskRuntime["progress"]>[0]): void {
    this.#send({ kind: "progress", seq: this.#seq, fraction, message });
  }

  noteRendered(name: string, value: unknown): void {
    this.#rendered?.note(name, value);
  }

  async getVariable(key: string): Promise<string | undefined> {
    return (await this.#ask<string | null>({ method: "getVariable", key })) ?? undefined;
  }

  async setVariable(key: string, value: string, description: string | null): Promise<void> {
    await this.#ask({ method: "setVariable", key, value, description });
  }

  deleteVariable(key: string): Promise<boolean> {
    return this.#ask({ method: "deleteVariable", key });
  }

  async getConnection(connectionId: string): ReturnType<TaskRuntime["getConnection"]> {
    return (await this.#ask<Awaited<ReturnType<TaskRuntime["getConnection"]>> | null>({ method: "getConnection", connectionId })) ?? undefined;
  }

  async getXCom(address: Parameters<TaskRuntime["getXCom"]>[0]): Promise<Json | undefined> {
    const answer = await this.#ask<{ found: boolean; value: Json }>({ method: "getXCom", address });
    return answer.found ? answer.value : undefined;
  }

  async setXCom(key: string, value: Json): Promise<void> {
    await this.#ask({ method: "setXCom", key, value });
  }

  triggerDagRun(request: Parameters<TaskRuntime["triggerDagRun"]>[0]): ReturnType<TaskRuntime["triggerDagRun"]> {
    return this.#ask({ method: "triggerDagRun", request });
  }

  getTaskInstanceStates(query: TaskStatesQuery): Promise<TaskStatesAnswer> {
    return this.#ask({ method: "getTaskStates", query });
  }

  async getDagRunState(dagId: string, runId: string): ReturnType<TaskRuntime["getDagRunState"]> {
    return (await this.#ask<Awaited<ReturnType<TaskRuntime["getDagRunState"]>> | null>({ method: "getDagRunState", dagId, runId })) ?? undefined;
  }

  #ask<T>(call: AuthorCall): Promise<T> {
    return this.#calls.ask(this.#seq, call) as Promise<T>;
  }
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
