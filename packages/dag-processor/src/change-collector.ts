/** How long after the last event of a burst a change is looked at; editors and git write in several steps. */
const QUIET_MS = 25;
/** A burst without end is looked at so often. */
const MAX_WAIT_MS = 100;

/** Gathers the paths of a burst of file events and hands them on once. */
export class ChangeCollector {
  readonly #deliver: (paths: ReadonlySet<string>) => void;
  #paths = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #firstAtMs = 0;

  constructor(deliver: (paths: ReadonlySet<string>) => void) {
    this.#deliver = deliver;
  }

  add(path: string): void {
    if (this.#paths.size === 0) this.#firstAtMs = performance.now();
    this.#paths.add(path);
    const leftMs = MAX_WAIT_MS - (performance.now() - this.#firstAtMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, Math.min(QUIET_MS, leftMs)));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#paths.clear();
  }

  #flush(): void {
    const paths = this.#paths;
    this.#paths = new Set();
    this.#deliver(paths);
  }
}
