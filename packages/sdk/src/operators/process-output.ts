import type { Readable } from "node:stream";

/** A line without an end is passed on in pieces of this size, so that a flood without newlines can't fill the memory. */
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * Gives a stream's text to `onLine` line by line, and resolves at its end.
 * @param encoding A label of the Encoding Standard, such as `"utf-8"` or `"windows-1252"`.
 */
export async function readLines(stream: Readable, encoding: string, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder(encoding);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (rest.length > MAX_LINE_LENGTH) {
      onLine(rest.slice(0, MAX_LINE_LENGTH));
      rest = rest.slice(MAX_LINE_LENGTH);
    }
  }
  rest += decoder.decode();
  if (rest !== "") onLine(rest);
}
