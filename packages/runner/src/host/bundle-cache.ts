import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "@tradewind/core";

/**
 * Bundles on disk, by their hash. Downloaded once, checked against the hash, put in place by a rename: a half-written file never has a bundle's name. Several hosts may share the folder.
 */
export class BundleCache {
  readonly #dir: string;
  readonly #download: (sha256: string) => Promise<Buffer>;
  readonly #ready = new Map<string, string>();
  readonly #loading = new Map<string, Promise<string>>();

  constructor(dir: string, download: (sha256: string) => Promise<Buffer>) {
    this.#dir = dir;
    this.#download = download;
  }

  /** The path if the bundle is known to be there: no wait on the hot path. */
  pathIfReady(sha256: string): string | undefined {
    return this.#ready.get(sha256);
  }

  /** @throws TradewindError `bundle_not_found` when what was stored or sent under the hash is something else; whatever the download throws. */
  async path(sha256: string): Promise<string> {
    const ready = this.#ready.get(sha256);
    if (ready !== undefined) return ready;
    let loading = this.#loading.get(sha256);
    if (loading === undefined) {
      loading = this.#load(sha256).finally(() => this.#loading.delete(sha256));
      this.#loading.set(sha256, loading);
    }
    return loading;
  }

  async #load(sha256: string): Promise<string> {
    if (!/^[0-9a-f]{64}$/u.test(sha256))
      throw new TradewindError("bundle_not_found", `The bundle "${sha256}" can't be fetched: that is not a SHA-256 in hex.`);
    const path = join(this.#dir, `${sha256}.mjs`);
    if (!(await this.#isIntact(path, sha256))) await this.#fetch(path, sha256);
    this.#ready.set(sha256, path);
    return path;
  }

  async #isIntact(path: string, sha256: string): Promise<boolean> {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined || hashOf(bytes) !== sha256) return false;
    // The time of last use is what a cleaner of the folder goes by.
    await utimes(path, new Date(), (await stat(path)).mtime).catch(() => undefined);
    return true;
  }

  async #fetch(path: string, sha256: string): Promise<void> {
    const bytes = await this.#download(sha256);
    const found = hashOf(bytes);
    if (found !== sha256) {
      throw new TradewindError(
        "bundle_not_found",
        `The bundle ${sha256} could not be used: the server sent ${bytes.length} bytes with the hash ${found}. Reload its DAG file.`,
      );
    }
    await mkdir(this.#dir, { recursive: true });
    const temporary = join(this.#dir, `.${sha256}.${randomUUID()}`);
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
