import type { LogLine, LogRequest } from "@tradewind/contract";
import { delay, isServerFault, isTransient } from "@tradewind/contract/client";
import type { HostLogger } from "./host-options.ts";

export interface LogShipperOptions {
  hostId: string;
  send(request: LogRequest): Promise<void>;
  logger: HostLogger;
  /** How long lines are gathered before they are sent. */
  flushAfterMs: number;
  /** Unsent text kept for one attempt, and for all; more is dropped and counted. */
  maxAttemptBytes: number;
  maxTotalBytes: number;
}

/** Text in one request. Servers bound the size of a body. */
const MAX_REQUEST_BYTES = 384 * 1024;
/** A fault of the server (500) may pass, or lie in what was sent. */
const MAX_SERVER_FAULTS = 20;
const LINE_OVERHEAD_BYTES = 64;

interface Buffered {
  attemptId: string;
  /** Lines that the server has. */
  offset: number;
  lines: LogLine[];
  bytes: number[];
  totalBytes: number;
  dropped: number;
  closed: boolean;
}

/**
 * Sends log lines of all attempts, in chunks, one request at a time. A chunk that may or may not have arrived is sent again as it was: its offset tells the server what it has already.
 * An attempt that logged nothing sends nothing.
 */
export class LogShipper {
  readonly #options: LogShipperOptions;
  readonly #buffers = new Map<string, Buffered>();
  #totalBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #abandoned = false;

  constructor(options: LogShipperOptions) {
    this.#options = options;
  }

  add(attemptId: string, line: LogLine, bytes: number): void {
    const buffer = this.#bufferOf(attemptId);
    const size = bytes + LINE_OVERHEAD_BYTES;
    // What Tradewind itself says about the attempt is short, and explains why the rest is missing: it always fits.
    if (
      line.stream !== "system" &&
      (buffer.totalBytes + size > this.#options.maxAttemptBytes || this.#totalBytes + size > this.#options.maxTotalBytes)
    ) {
      buffer.dropped++;
      return this.#schedule(0);
    }
    this.#noteDropped(buffer, line.at);
    this.#append(buffer, line, size);
    this.#schedule(this.#totalBytes > MAX_REQUEST_BYTES ? 0 : this.#options.flushAfterMs);
  }

  /** No more lines of this attempt; what is buffered goes out at once. */
  close(attemptId: string): void {
    const buffer = this.#buffers.get(attemptId);
    if (buffer === undefined) return;
    this.#noteDropped(buffer, buffer.lines.at(-1)?.at ?? Date.now());
    buffer.closed = true;
    this.#schedule(0);
  }

  /** Resolves when nothing is left to send, or when the signal says to give up. */
  async drain(signal: AbortSignal): Promise<void> {
    while (this.#buffers.size > 0 && !signal.aborted) {
      if (![...this.#buffers.values()].some(hasSomething)) return;
      this.#flush();
      await Promise.race([this.#sending, delay(60_000, signal).catch(() => undefined)]);
    }
  }

  /** Gives up on what is left. */
  abandon(): void {
    this.#abandoned = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #bufferOf(attemptId: string): Buffered {
    const known = this.#buffers.get(attemptId);
    if (known !== undefined) return known;
    const buffer: Buffered = { attemptId, offset: 0, lines: [], bytes: [], totalBytes: 0, dropped: 0, closed: false };
    this.#buffers.set(attemptId, buffer);
    return buffer;
  }

  #append(buffer: Buffered, line: LogLine, size: number): void {
    buffer.lines.push(line);
    buffer.bytes.push(size);
    buffer.totalBytes += size;
    this.#totalBytes += size;
  }

  #noteDropped(buffer: Buffered, at: number): void {
    if (buffer.dropped === 0) return;
    const message = `${buffer.dropped} lines dropped: the task printed faster than its log could be stored.`;
    buffer.dropped = 0;
    this.#append(buffer, { at, level: "warn", stream: "system", message }, message.length + LINE_OVERHEAD_BYTES);
  }

  #schedule(afterMs: number): void {
    if (this.#sending !== null) return;
    if (afterMs === 0) {
      // Everything that ends in this turn of the event loop shares a request.
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#flush(), 0);
    } else {
      this.#timer ??= setTimeout(() => this.#flush(), afterMs);
    }
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#sending !== null || this.#abandoned) return;
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    this.#sending = this.#send(batch).finally(() => {
      this.#sending = null;
      const waiting = [...this.#buffers.values()].filter(hasSomething);
      if (waiting.length > 0)
        this.#schedule(waiting.some((one) => one.closed) || this.#totalBytes > MAX_REQUEST_BYTES ? 0 : this.#options.flushAfterMs);
    });
  }

  #takeBatch(): { buffer: Buffered; count: number; last: boolean }[] {
    const batch = [];
    let room = MAX_REQUEST_BYTES;
    for (const buffer of this.#buffers.values()) {
      if (!hasSomething(buffer)) continue;
      let count = 0;
      while (count < buffer.lines.length && (room > 0 || (batch.length === 0 && count === 0))) room -= buffer.bytes[count++]!;
      const last = buffer.closed && count === buffer.lines.length;
      if (count > 0 || last) batch.push({ buffer, count, last });
      if (room <= 0) break;
    }
    return batch;
  }

  async #send(batch: { buffer: Buffered; count: number; last: boolean }[]): Promise<void> {
    const chunks = batch.map(({ buffer, count, last }) => ({
      attemptId: buffer.attemptId,
      offset: buffer.offset,
      lines: buffer.lines.slice(0, count),
      ...(last ? { last } : {}),
    }));
    await this.#sendUntilAnswered({ hostId: this.#options.hostId, chunks });
    for (const { buffer, count, last } of batch) {
      const sent = buffer.bytes.splice(0, count).reduce((sum, size) => sum + size, 0);
      buffer.lines.splice(0, count);
      buffer.offset += count;
      buffer.totalBytes -= sent;
      this.#totalBytes -= sent;
      if (last) this.#buffers.delete(buffer.attemptId);
    }
  }

  // Transient failures are tried again for as long as the host lives. A refusal can't be cured by sending the same lines again, so those are given up.
  async #sendUntilAnswered(request: LogRequest): Promise<void> {
    for (let failures = 0; !this.#abandoned; failures++) {
      try {
        return await this.#options.send(request);
      } catch (error) {
        const unauthorized = (error as { httpStatus?: number }).httpStatus === 401;
        if (!isTransient(error) && !unauthorized && !(isServerFault(error) && failures < MAX_SERVER_FAULTS)) {
          this.#options.logger.error(
            { attempts: request.chunks.map((chunk) => chunk.attemptId), error: String(error) },
            "log lines were refused and are lost",
          );
          return;
        }
        await delay(500, undefined);
      }
    }
  }
}

function hasSomething(buffer: Buffered): boolean {
  return buffer.lines.length > 0 || buffer.closed;
}
