import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { LineReader } from "../protocol/line-reader.ts";
import { FROM_CHILD_FD, type FromChild, TO_CHILD_FD, type ToChild } from "../protocol/messages.ts";

/** Inputs can be large: the server sends those over a size apart, but the host passes them on in one line. */
const MAX_LINE_BYTES = 512 * 1024 * 1024;

// Author code may replace globals; the channel keeps its own.
const { stringify, parse } = JSON;
const wait = Atomics.wait;
const kill = process.kill.bind(process);
const pid = process.pid;

/**
 * The child's end of the line to its host.
 *
 * Messages to the host are written at once and block until the host has taken them: they keep their order with everything else the process does, survive a `process.exit()` right
 * after, and a flood of output slows down the one who prints it instead of filling memory.
 */
export class HostChannel {
  #nonce = "";

  /** Calls `onMessage` for each message after the first, which is the host's greeting. Ends the process and all it started when the host is gone. */
  listen(onHello: (hello: Extract<ToChild, { kind: "hello" }>) => void, onMessage: (message: Exclude<ToChild, { kind: "hello" }>) => void): void {
    const reader = new LineReader((line) => {
      const message = parse(line) as ToChild;
      if (message.kind === "hello") {
        this.#nonce = message.nonce;
        onHello(message);
      } else onMessage(message);
    }, MAX_LINE_BYTES);
    const socket = new Socket({ fd: TO_CHILD_FD, readable: true, writable: false });
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("close", endProcessGroup);
    socket.on("error", endProcessGroup);
  }

  send(message: FromChild): void {
    const bytes = Buffer.from(`${this.#nonce}${stringify(message)}\n`);
    for (let written = 0; written < bytes.length;) written += writeSome(bytes, written);
  }
}

function writeSome(bytes: Buffer, from: number): number {
  try {
    return writeSync(FROM_CHILD_FD, bytes, from);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EAGAIN") {
      wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      return 0;
    }
    // Nobody is there to be told anything.
    if (code === "EPIPE" || code === "ECONNRESET") endProcessGroup();
    throw error;
  }
}

/** An attempt without a host has no lease: it must not go on, and neither must the programs it started. */
function endProcessGroup(): void {
  try {
    kill(-pid, "SIGKILL");
  } catch {
    kill(pid, "SIGKILL");
  }
}
