import type { DagFileUseCases, DagWarning, KnownDagFile, LoadedDagFile, RecordedDagFile, WakeKind, WakeUps } from "@tradewind/engine";

/**
 * The engine's side of the port, in memory: what these tests are about is when the dag-processor calls it, and with what. A second dag-processor on the same
 * ledger is a restart.
 */
export class Ledger implements DagFileUseCases, Pick<WakeUps, "onWake"> {
  readonly records: LoadedDagFile[] = [];
  /** Which files came together. */
  readonly batches: string[][] = [];
  #held: Promise<void> | undefined;
  readonly deleted: string[] = [];
  readonly warnings: DagWarning[] = [];
  readonly requests: { bundleName: string; relativePath: string }[] = [];
  readonly #listeners = new Set<(kinds: ReadonlySet<WakeKind>) => void>();
  readonly #files = new Map<string, KnownDagFile>();
  readonly #versions = new Map<string, { content: string; number: number }>();
  /** Thrown by the next `recordDagFile`. */
  failNext: Error | undefined;

  async listKnownDagFiles(bundleNames: string[]): Promise<KnownDagFile[]> {
    return [...this.#files.values()].filter((file) => bundleNames.includes(file.bundleName));
  }

  async recordDagFile(file: LoadedDagFile): Promise<RecordedDagFile> {
    const error = this.failNext;
    this.failNext = undefined;
    if (error !== undefined) throw error;
    this.records.push(file);
    const { bundleName, relativePath, result } = file;
    // As a database would: what is not JSON does not come back.
    const fingerprint = JSON.parse(JSON.stringify(file.fingerprint)) as typeof file.fingerprint;
    this.#files.set(relativePath, { bundleName, relativePath, fingerprint, lastParsedAt: new Date(), hasError: !result.ok });
    const recorded: RecordedDagFile = { changed: [], unchanged: [], stale: [], rejected: [] };
    for (const dag of result.ok ? result.dags : []) {
      const content = `${dag.specSha256} ${result.ok ? result.bundle.sha256 : ""}`;
      const version = this.#versions.get(dag.dagId);
      if (version?.content === content) recorded.unchanged.push(dag.dagId);
      else {
        const number = (version?.number ?? 0) + 1;
        this.#versions.set(dag.dagId, { content, number });
        recorded.changed.push({ dagId: dag.dagId, versionNumber: number });
      }
    }
    return recorded;
  }

  async recordDagFiles(files: readonly LoadedDagFile[]): Promise<PromiseSettledResult<RecordedDagFile>[]> {
    this.batches.push(files.map(({ relativePath }) => relativePath));
    await this.#held;
    return Promise.allSettled(files.map((file) => this.recordDagFile(file)));
  }

  async recordDagWarnings(warnings: readonly DagWarning[]): Promise<void> {
    this.warnings.push(...warnings);
  }

  async recordDeletedDagFiles(files: { bundleName: string; relativePath: string }[]): Promise<{ stale: string[] }> {
    for (const { relativePath } of files) {
      this.#files.delete(relativePath);
      this.deleted.push(relativePath);
    }
    return { stale: [] };
  }

  async retireDagFolders({ configured }: { configured: readonly string[] }): Promise<{ folders: string[]; stale: string[] }> {
    const others = [...this.#files.values()].filter(({ bundleName }) => !configured.includes(bundleName));
    for (const { relativePath } of others) this.#files.delete(relativePath);
    return { folders: [...new Set(others.map(({ bundleName }) => bundleName))], stale: [] };
  }

  async takeDagFileRequests(): Promise<{ bundleName: string; relativePath: string }[]> {
    return this.requests.splice(0);
  }

  onWake(listener: (kinds: ReadonlySet<WakeKind>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Somebody wants a file to be read again. */
  request(bundleName: string, relativePath: string): void {
    this.requests.push({ bundleName, relativePath });
    for (const listener of this.#listeners) listener(new Set(["dag_files"]));
  }

  /** Nothing is recorded from now on, until what comes back is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  version(dagId: string): number {
    return this.#versions.get(dagId)?.number ?? 0;
  }

  last(relativePath: string): LoadedDagFile | undefined {
    return this.records.findLast((record) => record.relativePath === relativePath);
  }
}
