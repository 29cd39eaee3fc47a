import type { Dispatcher } from "undici";

export interface HttpAnswer {
  statusCode: number;
  body: Buffer;
}

type Controller = Dispatcher.DispatchController;

/**
 * Sends one request and gathers its whole answer. Below undici's `request`, whose streams, asynchronous resource and listeners for each answer cost half as much again as all the rest of a small call.
 */
export function requestWhole(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, signal: AbortSignal | undefined): Promise<HttpAnswer> {
  if (signal?.aborted) return Promise.reject(asError(signal.reason));
  return new Promise((resolve, reject) => {
    const gathering = new WholeAnswer(signal, resolve, reject);
    dispatcher.dispatch(options, gathering);
  });
}

class WholeAnswer implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #onAbort: (() => void) | undefined;
  #controller: Controller | null = null;
  #statusCode = 0;
  #chunks: Buffer[] = [];

  constructor(signal: AbortSignal | undefined, resolve: (answer: HttpAnswer) => void, reject: (error: Error) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal === undefined) return;
    this.#onAbort = () => this.#abandon(asError(signal.reason));
    signal.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Controller): void {
    // A request that waited for a connection, and that nobody waits for any more, is not sent.
    if (this.#signal?.aborted) controller.abort(asError(this.#signal.reason));
    else this.#controller = controller;
  }

  onResponseStart(_: Controller, statusCode: number): void {
    this.#statusCode = statusCode;
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#unlisten();
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#resolve({ statusCode: this.#statusCode, body });
  }

  onResponseError(_: Controller, error: Error): void {
    this.#unlisten();
    this.#reject(error);
  }

  #abandon(reason: Error): void {
    this.#unlisten();
    this.#reject(reason);
    this.#controller?.abort(reason);
  }

  #unlisten(): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
