import type { SourceMap } from "node:module";
import { pathToFileURL } from "node:url";
import type { TaskOutcome } from "@tradewind/contract";
import { mapBundleStack, readSourceMap } from "@tradewind/loader/bundle-stack";

export interface AuthorStacksOptions {
  /** Null: there is no map for this bundle. */
  download(sha256: string, signal: AbortSignal): Promise<string | null>;
  /** A stack was left as it was. */
  onError(error: unknown): void;
}

/** The map of a bundle is replaced when an edit changes comments only. Between two looks, many failures cost one. */
const FRESH_MS = 10_000;
const KEPT_MAPS = 8;
/** A failure is not held back for longer: the stack is then one of the bundle. */
const PATIENCE_MS = 2_000;

interface KnownMap {
  map: Promise<SourceMap | null>;
  askedAt: number;
}

/** Puts stacks of bundled code in terms of the author's files. Asks for a bundle's map when one of its tasks has failed, so success costs nothing. */
export class AuthorStacks {
  readonly #options: AuthorStacksOptions;
  /** The one asked for last is the last. */
  readonly #maps = new Map<string, KnownMap>();

  constructor(options: AuthorStacksOptions) {
    this.#options = options;
  }

  /** Whether an outcome carries a stack with places in the bundle. */
  concerns(outcome: TaskOutcome, sha256: string): boolean {
    return outcome.kind === "failed" && outcome.failure.stack?.includes(`${sha256}.mjs:`) === true;
  }

  /** The outcome with places in the author's files, relative to the DAG folder; as it was when they can't be found out. Never rejects. */
  async inAuthorsTerms(outcome: TaskOutcome, bundle: { sha256: string; path: string }): Promise<TaskOutcome> {
    if (outcome.kind !== "failed" || outcome.failure.stack === undefined) return outcome;
    try {
      const sourceMap = await this.#map(bundle.sha256);
      if (sourceMap === null) return outcome;
      const { stack } = mapBundleStack(outcome.failure.stack, { bundleUrl: pathToFileURL(bundle.path).href, sourceMap });
      return { ...outcome, failure: { ...outcome.failure, stack } };
    } catch (error) {
      this.#options.onError(error);
      return outcome;
    }
  }

  #map(sha256: string): Promise<SourceMap | null> {
    const known = this.#maps.get(sha256);
    if (known !== undefined && performance.now() - known.askedAt < FRESH_MS) return known.map;
    const asked: KnownMap = { map: this.#read(sha256), askedAt: performance.now() };
    this.#maps.delete(sha256);
    this.#maps.set(sha256, asked);
    for (const oldest of this.#maps.keys()) if (this.#maps.size > KEPT_MAPS) this.#maps.delete(oldest);
    return asked.map;
  }

  async #read(sha256: string): Promise<SourceMap | null> {
    const text = await this.#options.download(sha256, AbortSignal.timeout(PATIENCE_MS));
    return text === null ? null : readSourceMap(text);
  }
}
