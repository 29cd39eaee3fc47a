import { StringDecoder } from "node:string_decoder";
import type { SecretMasker } from "./secret-masker.ts";

/** Longer lines are cut: one line must fit into a log request many times over. In UTF-16 units. */
export const MAX_LINE_LENGTH = 16_384;

/** Makes masked lines out of what a process prints, wherever its writes happen to be cut. */
export class LineAssembler {
  readonly #masker: SecretMasker;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";

  constructor(masker: SecretMasker, onLine: (line: string) => void) {
    this.#masker = masker;
    this.#onLine = onLine;
  }

  pushBytes(chunk: Buffer): void {
    this.pushText(this.#decoder.write(chunk));
  }

  pushText(text: string): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#emit(this.#pending + text.slice(start, end));
      this.#pending = "";
      start = end + 1;
    }
    this.#pending += start === 0 ? text : text.slice(start);
    if (this.#pending.length > MAX_LINE_LENGTH) this.#pending = this.#cut(this.#pending);
  }

  /** The end of the stream: what has no newline yet is a line too. */
  end(): void {
    const rest = this.#pending + this.#decoder.end();
    this.#pending = "";
    if (rest !== "") this.#emit(rest);
  }

  #emit(line: string): void {
    let rest = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (rest.length > MAX_LINE_LENGTH) rest = this.#cut(rest);
    this.#onLine(this.#masker.maskText(rest));
  }

  // Emits full-length pieces. A secret may lie across a cut: text is masked first, and as much as could be the beginning of a secret stays with the rest.
  #cut(text: string): string {
    let rest = this.#masker.maskText(text);
    const keep = Math.min(Math.max(0, this.#masker.longest - 1), MAX_LINE_LENGTH / 2);
    while (rest.length > MAX_LINE_LENGTH) {
      this.#onLine(rest.slice(0, MAX_LINE_LENGTH - keep));
      rest = rest.slice(MAX_LINE_LENGTH - keep);
    }
    return rest;
  }
}
