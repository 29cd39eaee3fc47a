import { StringDecoder } from "node:string_decoder";

export type OutputSink = (stream: "stdout" | "stderr", line: string) => void;

const HEADER_BYTES = 8;
/** A line without an end is passed on in pieces of this size. */
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * Takes a container's output apart: frames of one stream or the other, each led by eight bytes (which stream, three zeros, the length), and gives it line by line. Bytes of one character
 * may lie in two frames.
 */
export async function readContainerOutput(chunks: AsyncIterable<Uint8Array>, sink: OutputSink): Promise<void> {
  const lines = { stdout: new LineMaker((line) => sink("stdout", line)), stderr: new LineMaker((line) => sink("stderr", line)) };
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(4);
      if (rest.length < end) break;
      lines[rest[0] === 2 ? "stderr" : "stdout"].push(rest.subarray(HEADER_BYTES, end));
      rest = rest.subarray(end);
    }
  }
  lines.stdout.end();
  lines.stderr.end();
}

class LineMaker {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.#rest.length > MAX_LINE_LENGTH) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_LENGTH));
      this.#rest = this.#rest.slice(MAX_LINE_LENGTH);
    }
  }

  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }
}
