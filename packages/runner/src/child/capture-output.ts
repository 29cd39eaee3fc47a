import { StringDecoder } from "node:string_decoder";

/** Text in one message to the host. */
const MAX_PIECE = 65_536;

type Sink = (stream: "stdout" | "stderr", text: string) => void;
type WriteCallback = (error?: Error | null) => void;

/**
 * Sends what JavaScript prints (`console`, `process.stdout.write`) over the host's channel instead of the process's own pipes, so that it stays in order with the author's `log`. The
 * pipes still carry what others print: programs that were started, native code.
 */
export function captureOutput(sink: Sink): void {
  captureStream(process.stdout, "stdout", sink);
  captureStream(process.stderr, "stderr", sink);
}

function captureStream(stream: NodeJS.WriteStream, name: "stdout" | "stderr", sink: Sink): void {
  const decoder = new StringDecoder("utf8");
  stream.write = (chunk: string | Uint8Array, encodingOrCallback?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean => {
    const done = typeof encodingOrCallback === "function" ? encodingOrCallback : callback;
    const text = typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk));
    for (let start = 0; start < text.length; start += MAX_PIECE) sink(name, text.slice(start, start + MAX_PIECE));
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}
