const MAX_OUTPUT_CHARACTERS = 4_000;

/**
 * Keeps the end of what is printed in this process and prints nothing. Author code that floods its output then costs only its own time, and the channel to
 * the parent stays clean.
 */
export class CapturedOutput {
  #text = "";

  install(): void {
    for (const stream of [process.stdout, process.stderr]) {
      stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
        this.#keep(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
        const callback = rest.find((one) => typeof one === "function") as (() => void) | undefined;
        if (callback !== undefined) process.nextTick(callback);
        return true;
      };
    }
  }

  /** What was kept since the last call; null: nothing. */
  take(): string | null {
    const text = this.#text;
    this.#text = "";
    return text === "" ? null : text.slice(-MAX_OUTPUT_CHARACTERS);
  }

  #keep(text: string): void {
    this.#text += text.slice(-MAX_OUTPUT_CHARACTERS);
    if (this.#text.length > 4 * MAX_OUTPUT_CHARACTERS) this.#text = this.#text.slice(-MAX_OUTPUT_CHARACTERS);
  }
}
