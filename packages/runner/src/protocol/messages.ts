import type { AttemptContext, InputMap, LogLevel, TaskOutcome, TaskStatesQuery } from "@tradewind/contract";
import type { DagCallback, TaskCallback } from "@tradewind/core";
import type { OwnPackage } from "@tradewind/loader/child-program";

/**
 * What a host and its child process say to each other. The host writes to the child's descriptor 3, one JSON object per line; the child answers on descriptor 4, each line led by the
 * nonce of the first message, so that author code that writes to a descriptor it guessed is noticed and not believed.
 *
 * `seq` numbers the attempts of one child. A message with a `seq` that is not the current one comes from something an earlier attempt left behind, and is dropped.
 */
export type ToChild =
  /** `ownPackage`: the child runs a packed program; null: the sources. */
  | { kind: "hello"; nonce: string; maxResultBytes: number; ownPackage: OwnPackage | null }
  | RunMessage
  | CallbackMessage
  /** `outOfTime`: the execution timeout passed; else nobody wants the outcome any more. */
  | { kind: "abort"; seq: number; reason: string; outOfTime: boolean }
  | { kind: "reply"; call: number; ok: true; value?: unknown }
  | { kind: "reply"; call: number; ok: false; code: string; message: string };

export interface RunMessage {
  kind: "run";
  seq: number;
  context: AttemptContext;
  /** The handler's inputs, a JSON object. */
  inputs: string;
  /** Functions of the author to apply to them, in this order. */
  inputMaps: InputMap[];
  /** Those that the author gave the task. */
  callbacks: TaskCallback[];
  bundlePath: string;
  resolveFrom: string[];
}

/** Runs the callbacks of an event, and nothing else. */
export interface CallbackMessage {
  kind: "callback";
  seq: number;
  context: AttemptContext;
  bundlePath: string;
  resolveFrom: string[];
  event: CallbackEvent;
}

/** What callbacks are called with. */
export type CallbackEvent = {
  /** Places in the author's list to call; null: all. */
  only: number[] | null;
  reason: string | null;
} & (
  | {
      scope: "task";
      callback: TaskCallback;
      failure: { type?: string | undefined; message: string; stack?: string | undefined } | null;
      result: string | null;
    }
  | { scope: "dag"; callback: DagCallback; task: { taskId: string; mapIndex: number; state: string | null } | null }
);

export type FromChild =
  /** The bundle had to be imported first, and is now: the time limit of the attempt counts from here. */
  | { kind: "imported"; seq: number }
  | { kind: "log"; seq: number; at: number; level: LogLevel; message: string; fields?: Record<string, unknown>; stream?: "stdout" | "stderr" }
  | { kind: "out"; seq: number; stream: "stdout" | "stderr"; text: string }
  | { kind: "progress"; seq: number; fraction: number | null; message: string | null }
  | ({ kind: "call"; seq: number; call: number } & AuthorCall)
  /** The handler has ended like this; the callback runs yet, and changes nothing about it. */
  | { kind: "decided"; seq: number; outcome: TaskOutcome; durationMs: number; callback: TaskCallback }
  | FinishedMessage
  /** The callbacks of a `CallbackMessage` have been called. */
  | { kind: "called"; seq: number; problem: CallbackProblem | null };

export interface CallbackProblem {
  message: string;
  /** Places in the author's list; null: it is not known which. */
  failedCalls: number[] | null;
}

export interface FinishedMessage {
  kind: "finished";
  seq: number;
  outcome: TaskOutcome;
  /** Of the handler. */
  durationMs: number;
  /** The callback for the outcome that has run. */
  callbackRan?: TaskCallback;
  /** Why this process must not run another attempt; absent: it may. */
  unfit?: string;
  /** Resident memory after the attempt; not measured each time. */
  rssBytes?: number;
}

/** What author code may ask for; the host calls the execution API with the attempt's token. */
export type AuthorCall =
  | { method: "getVariable"; key: string }
  | { method: "setVariable"; key: string; value: string; description: string | null }
  | { method: "deleteVariable"; key: string }
  | { method: "getConnection"; connectionId: string }
  | { method: "getXCom"; address: { taskId: string; key: string; dagId?: string; runId?: string; mapIndex?: number } }
  | { method: "setXCom"; key: string; value: unknown }
  | { method: "setRenderedFields"; fields: Record<string, unknown> }
  | { method: "triggerDagRun"; request: { dagId: string; runId?: string; logicalDate?: string | null; conf?: Record<string, unknown> } }
  | { method: "getDagRunState"; dagId: string; runId: string }
  | { method: "getTaskStates"; query: TaskStatesQuery };

/** Descriptors in the child. */
export const TO_CHILD_FD = 3;
export const FROM_CHILD_FD = 4;
