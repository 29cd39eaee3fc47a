import { errorMessage, TradewindError } from "@tradewind/core";
import type { Operator } from "opendal";
import type { FileFacts, FileStore } from "./file-store.ts";

const READ_BYTES = 1024 * 1024;
/** Size of one part of an upload: at least 5 MiB for S3, which allows 10 000 of them. */
const PART_BYTES = 16 * 1024 * 1024;

/** A bucket of an object store, through OpenDAL. */
export class ObjectStore implements FileStore {
  readonly #operator: Operator;
  readonly #address: string;

  constructor(operator: Operator, address: string) {
    this.#operator = operator;
    this.#address = address;
  }

  label(path: string): string {
    return `${this.#address}/${path}`;
  }

  async stat(path: string): Promise<FileFacts | undefined> {
    try {
      const facts = await this.#operator.stat(path);
      return { isDirectory: facts.isDirectory(), bytes: facts.contentLength === null ? null : Number(facts.contentLength) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#failed(`look at ${this.label(path)}`, error);
    }
  }

  async list(folder: string): Promise<string[]> {
    const entries = await this.#operator.list(folder, { recursive: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw this.#failed(`list ${this.label(folder)}`, error);
    });
    return entries
      .map((entry) => entry.path())
      .filter((path) => !path.endsWith("/"))
      .sort();
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    try {
      const reader = await this.#operator.reader(path);
      for (;;) {
        const buffer = Buffer.allocUnsafe(READ_BYTES);
        const count = Number(await reader.read(buffer));
        if (count === 0) return;
        yield buffer.subarray(0, count);
      }
    } catch (error) {
      throw this.#failed(`read ${this.label(path)}`, error);
    }
  }

  /** An object appears when its upload is closed. One that fails before leaves none. */
  async write(path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    let bytes = 0;
    const wrap = <T>(step: Promise<T>): Promise<T> =>
      step.catch((error: unknown) => {
        throw this.#failed(`write ${this.label(path)}`, error);
      });
    const canSplit = this.#operator.capability().writeCanMulti;
    const writer = await wrap(this.#operator.writer(path, canSplit ? { chunk: BigInt(PART_BYTES) } : null));
    const pieces = canSplit ? content : wholeOf(content);
    for await (const chunk of pieces) {
      if (chunk.byteLength > 0) await wrap(writer.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
      bytes += chunk.byteLength;
    }
    await wrap(writer.close());
    return bytes;
  }

  async check(): Promise<void> {
    await this.#operator.check().catch((error: unknown) => {
      throw this.#failed(`reach ${this.#address}`, error);
    });
  }

  #failed(what: string, cause: unknown): TradewindError {
    return new TradewindError("task_failed", `Could not ${what}: ${errorMessage(cause)}`, { cause });
  }
}

/** For stores that take an object in one piece. */
async function* wholeOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  yield Buffer.concat(chunks);
}

function isMissing(error: unknown): boolean {
  return errorMessage(error).startsWith("NotFound");
}
