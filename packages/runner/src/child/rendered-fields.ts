import type { AuthorCalls } from "./attempt-runtime.ts";

/** A task that takes longer is seen with its options while it runs. */
const FLUSH_MS = 250;

/**
 * What the options of an attempt came out as. Told once, before the attempt ends, or soon after they were rendered when it takes longer; that they cannot be told is no reason to fail.
 * A task without templates sends nothing.
 */
export class RenderedFields {
  readonly #tell: (fields: Record<string, unknown>) => Promise<unknown>;
  #untold: Record<string, unknown> = {};
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(calls: AuthorCalls, seq: number) {
    this.#tell = (fields) => calls.ask(seq, { method: "setRenderedFields", fields });
  }

  note(name: string, value: unknown): void {
    this.#untold[name] = asJson(value);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fields = this.#untold;
    this.#untold = {};
    if (Object.keys(fields).length > 0) this.#telling = this.#telling.then(() => this.#tell(fields)).then(ignore, ignore);
    await this.#telling;
  }
}

function ignore(): void {}

/** As it is now: author code may go on changing it. */
function asJson(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    return String(value);
  }
}
