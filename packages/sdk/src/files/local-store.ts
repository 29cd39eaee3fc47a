import { randomUUID } from "node:crypto";
import { access, constants, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { TradewindError } from "@tradewind/core";
import type { FileFacts, FileStore } from "./file-store.ts";

/** The machine's disk, from a folder on. */
export class LocalStore implements FileStore {
  readonly #basePath: string;

  constructor(basePath: string) {
    this.#basePath = resolve(basePath);
  }

  label(path: string): string {
    const full = join(this.#basePath, path);
    return path.endsWith("/") && !full.endsWith("/") ? `${full}/` : full;
  }

  async stat(path: string): Promise<FileFacts | undefined> {
    const facts = await stat(this.#locate(path)).catch(nullIfMissing);
    return facts === null ? undefined : { isDirectory: facts.isDirectory(), bytes: facts.size };
  }

  async list(folder: string): Promise<string[]> {
    const entries = await readdir(this.#locate(folder), { recursive: true, withFileTypes: true }).catch(nullIfMissing);
    return (entries ?? [])
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => relative(this.#basePath, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort();
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.#locate(path));
  }

  /** Into a file beside it, which takes its place when all of it is on the disk. */
  async write(path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    const target = this.#locate(path);
    await mkdir(dirname(target), { recursive: true });
    const part = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
    let bytes = 0;
    const file = await open(part, "wx");
    try {
      try {
        for await (const chunk of content) {
          await file.writeFile(chunk);
          bytes += chunk.byteLength;
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, target);
      return bytes;
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async check(): Promise<void> {
    await access(this.#basePath, constants.R_OK);
  }

  /** A connection to a folder opens that folder, and nothing above it. */
  #locate(path: string): string {
    const full = resolve(this.#basePath, path);
    if (full === this.#basePath || full.startsWith(this.#basePath.endsWith(sep) ? this.#basePath : this.#basePath + sep)) return full;
    throw new TradewindError("task_failed", `The path "${path}" leads out of ${this.#basePath}, the folder that its connection opens.`);
  }
}

function nullIfMissing(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return null;
  throw error;
}
