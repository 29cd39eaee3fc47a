import { StringDecoder } from "node:string_decoder";

type Stream = "stdout" | "stderr";

/** While a task runs, what it prints goes to its log, line by line, so that it stays in order with the rest and out of the command's own answer. */
export function captureOutput(onLine: (stream: Stream, line: string) => void): { release(): void } {
  const releases = (["stdout", "stderr"] as const).map((stream) => captureStream(stream, (line) => onLine(stream, line)));
  return { release: () => releases.forEach((release) => release()) };
}

function captureStream(name: Stream, onLine: (line: string) => void): () => void {
  const stream = process[name];
  // oxlint-disable-next-line typescript/unbound-method -- it is put back where it was
  const original = stream.write;
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.write = (
    chunk: string | Uint8Array,
    encodingOrDone?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    const lines = (rest + (typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk)))).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
    const callback = typeof encodingOrDone === "function" ? encodingOrDone : done;
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  return () => {
    stream.write = original;
    if (rest !== "") onLine(rest);
  };
}
