const NEWLINE = 10;

/**
 * Cuts a stream of bytes into lines without copying what needs no copy. Throws `RangeError` from `push` when one line grows past the limit: the peer is broken or hostile.
 */
export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(onLine: (line: string) => void, maxLineBytes: number) {
    this.#onLine = onLine;
    this.#maxLineBytes = maxLineBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE, start); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      this.#onLine(this.#parts.length === 0 ? tail.toString("utf8") : this.#join(tail));
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #join(tail: Buffer): string {
    const line = Buffer.concat([...this.#parts, tail]).toString("utf8");
    this.#parts = [];
    this.#partBytes = 0;
    return line;
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes > this.#maxLineBytes) throw new RangeError(`a line is longer than ${this.#maxLineBytes} bytes`);
    this.#parts.push(part);
  }
}
