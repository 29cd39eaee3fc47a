import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorMessage, hasErrorCode, TradewindError } from "@tradewind/core";
import type { DagFileUseCases, RecordedDagFile, WakeUps } from "@tradewind/engine";
import { checkFingerprints, type DagFileLoad, type DagLoader, IGNORE_FILE, TRANSIENT_IMPORT_ERROR_KINDS } from "@tradewind/loader";
import { ChangeCollector } from "./change-collector.ts";
import { type DagFolder, fileKey, type FileState, type LoadedBy, newFileState, readFingerprint } from "./file-state.ts";
import { inputFolders, needsLoad, scanFolders } from "./folder-scan.ts";
import { FolderWatcher } from "./folder-watcher.ts";
import { type Lane, LoadQueue } from "./load-queue.ts";
import { toLoadedDagFile } from "./loaded-dag-file.ts";
import { type DagProcessorLogger, type DagProcessorMetrics, NO_DAG_PROCESSOR_METRICS } from "./ports.ts";
import { Recorder } from "./recorder.ts";
import { haveSameContent, isSuspicious, varyingSpecWarnings } from "./varying-specs.ts";

export interface DagProcessorOptions {
  engine: DagFileUseCases & Pick<WakeUps, "onWake">;
  /** Stopped with the dag-processor. Give it one process more than `parsingProcesses`, for edited files. */
  loader: DagLoader;
  folders: readonly DagFolder[];
  /** Of Tradewind: after an upgrade every file is loaded once, as it is after a change of the loader's `defaults`. */
  release: string;
  logger: DagProcessorLogger;
  metrics?: DagProcessorMetrics;
  /** Files loaded at a time, beside one that was just edited. Default 2. */
  parsingProcesses?: number;
  /** How often the folders are compared with what is known, besides file events. Default 30 s. */
  rescanMs?: number;
  /** First delay before a file is tried again whose error may pass by itself; doubles up to 20 times as much. Default 30 s. */
  retryDelayMs?: number;
}

/** What a pass did. */
export interface ProcessorPass {
  files: number;
  loaded: number;
  failed: number;
  deleted: number;
}

const DEFAULT_RESCAN_MS = 30_000;
const DEFAULT_RETRY_DELAY_MS = 30_000;
const MAX_RETRY_FACTOR = 20;
/** An editor may remove or empty a file for a moment while it saves. */
const VANISHED_MS = 250;
/** A file that changes faster than it loads is recorded all the same after so many attempts. */
const MAX_RELOADS = 3;
const EDITOR_FILE = /^(?:\.(?!\.)|4913$|#)|(?:~|\.swp|\.swx|\.tmp|\.bak)$/u;

/**
 * Keeps the engine's DAGs equal to what the DAG folders say: watches them, loads what changed, records the outcome.
 *
 * Everything it knows can be found again from the folders and the engine, so several may run at once and each may die at any time; what two of them record
 * about one file is the same, and the engine makes a version of it once.
 */
export class DagProcessor {
  readonly #options: DagProcessorOptions;
  readonly #metrics: DagProcessorMetrics;
  /** What besides the files makes their specs. */
  readonly #loadedBy: LoadedBy;
  readonly #folders: DagFolder[];
  readonly #states = new Map<string, FileState>();
  readonly #queue: LoadQueue<FileState>;
  readonly #recorder: Recorder;
  readonly #changes = new ChangeCollector((paths) => void this.#lookAt(paths));
  readonly #watcher: FolderWatcher;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #toldUnreadable = new Set<string>();
  #unsubscribe: (() => void) | undefined;
  #known: Promise<void> | undefined;
  #scanning: Promise<number> = Promise.resolve(0);
  #started = false;
  #stopped = false;
  #counts = { loaded: 0, failed: 0, deleted: 0 };

  constructor(options: DagProcessorOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? NO_DAG_PROCESSOR_METRICS;
    this.#loadedBy = { release: options.release, settingsSha256: options.loader.settingsSha256 };
    this.#folders = options.folders.map(({ name, path }) => ({ name, path: resolve(path) }));
    assertDistinct(this.#folders.map((folder) => folder.name));
    this.#queue = new LoadQueue(options.parsingProcesses ?? 2, (state, lane) => this.#process(state, lane));
    this.#recorder = new Recorder({
      record: (files) => options.engine.recordDagFiles(files),
      moreIsComing: (urgent) => !this.#stopped && this.#queue.hasMore(urgent),
    });
    this.#watcher = new FolderWatcher({
      changed: (path) => this.#changes.add(path),
      failed: (folder, error) =>
        options.logger.warn({ folder, error: error.message }, "A folder cannot be watched; its changes are found by the regular rescan."),
    });
  }

  /** Watches the folders and loads what changed since the last time. Returns when the first scan is done; `whenIdle` tells when all is loaded. */
  async start(): Promise<void> {
    this.#started = true;
    this.#options.loader.warmUp();
    this.#unsubscribe = this.#options.engine.onWake((kinds) => {
      if (kinds.has("dag_files")) void this.#scan();
    });
    await this.#scan();
    this.#every(this.#options.rescanMs ?? DEFAULT_RESCAN_MS, () => void this.#scan());
  }

  /** Scans once and waits until everything that changed is loaded and recorded. */
  async runOnce(): Promise<ProcessorPass> {
    this.#counts = { loaded: 0, failed: 0, deleted: 0 };
    const startedAt = performance.now();
    let files = await this.#scan();
    await this.#queue.whenIdle();
    // What seemed to have vanished is looked at once more.
    while ([...this.#states.values()].some((state) => state.vanishedAtMs !== null || state.emptiedAtMs !== null) && !this.#stopped) {
      await new Promise<void>((done) => this.#after(VANISHED_MS, done));
      files = await this.#scan();
      await this.#queue.whenIdle();
    }
    this.#metrics.passDuration(performance.now() - startedAt);
    return { files, ...this.#counts };
  }

  /** Resolves when nothing is left to load. */
  async whenIdle(): Promise<void> {
    for (let scanned: Promise<number> | undefined; scanned !== this.#scanning;) {
      scanned = this.#scanning;
      await scanned;
      await this.#queue.whenIdle();
    }
  }

  /** Ends watching and gives up what is being loaded; what is being recorded is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    this.#watcher.close();
    this.#changes.close();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#scanning;
    await Promise.all([this.#queue.stop(), this.#options.loader.stop()]);
  }

  /** One scan at a time. Never throws: what went wrong is told, and the next scan tries again. */
  #scan(changed?: ReadonlySet<string>): Promise<number> {
    this.#scanning = this.#scanning.then(async (files) => {
      if (this.#stopped) return files;
      try {
        return await this.#scanNow(changed);
      } catch (error) {
        this.#options.logger.error({ error: errorMessage(error) }, "The DAG folders could not be scanned; the next scan tries again.");
        return files;
      }
    });
    return this.#scanning;
  }

  async #scanNow(changed?: ReadonlySet<string>): Promise<number> {
    this.#known ??= this.#readKnown();
    await this.#known.catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    const scan = await scanFolders(this.#folders, this.#states, Date.now());
    this.#tellUnreadable(scan.unreadable);
    // A file that was just put there is waited for like one that was edited.
    for (const state of scan.toLoad) {
      // What is being loaded for the first time is compared with what is on disk when it is loaded.
      if (state.inputs === null && this.#queue.isRunning(state)) continue;
      this.#queue.add(state, changed?.has(state.path) === true);
    }
    await this.#deleteVanished(scan.missing);
    await this.#loadRequested();
    this.#metrics.scanned();
    this.#report();
    // Whatever happened in a folder between its listing and its watch went unseen.
    if (this.#started && (await this.#watch(scan.watch)) > 0) void this.#scan();
    return scan.files;
  }

  /** Files that somebody wants to be read again: they wait for it as for a file that was edited. */
  async #loadRequested(): Promise<void> {
    for (const { bundleName, relativePath } of await this.#options.engine.takeDagFileRequests(this.#folders.map(({ name }) => name))) {
      const state = this.#states.get(fileKey(bundleName, relativePath));
      if (state !== undefined) this.#queue.add(state, true);
    }
  }

  /** What earlier processes recorded; what they recorded of folders that there are no more is taken back. */
  async #readKnown(): Promise<void> {
    const { engine, logger } = this.#options;
    const configured = this.#folders.map((folder) => folder.name);
    const retired = await engine.retireDagFolders({ configured });
    if (retired.folders.length > 0) logger.warn(retired, "DAG folders are not configured any more; their DAGs are stale.");
    for (const file of await engine.listKnownDagFiles(configured)) {
      const folder = this.#folders.find(({ name }) => name === file.bundleName);
      if (folder === undefined) continue;
      const state = newFileState(folder, file.relativePath, resolve(folder.path, file.relativePath));
      // An error may have been of the passing kind, so it is tried again now.
      state.inputs = file.hasError ? null : readFingerprint(this.#loadedBy, file.fingerprint);
      state.hasError = file.hasError;
      state.loadedAtMs = file.lastParsedAt?.getTime() ?? null;
      this.#states.set(fileKey(folder.name, file.relativePath), state);
    }
  }

  async #watch(found: ReadonlySet<string>): Promise<number> {
    const folders = new Set(found);
    // A folder that is not there yet is announced by the one it will be in.
    for (const { path } of this.#folders) if (!found.has(path)) folders.add(dirname(path));
    for (const state of this.#states.values()) for (const folder of inputFolders(state)) folders.add(folder);
    return await this.#watcher.watchOnly(folders);
  }

  /** File events: known inputs are looked at directly, everything else that may matter leads to a scan. */
  async #lookAt(paths: ReadonlySet<string>): Promise<void> {
    const known = new Set<string>();
    for (const state of [...this.#states.values()]) {
      const touched = [state.path, ...(state.inputs ?? []).map((input) => input.path)].filter((path) => paths.has(path));
      for (const path of touched) known.add(path);
      if (touched.length > 0 && (state.inputs === null || (await needsLoad(state, Date.now())))) this.#queue.add(state, true);
    }
    if ([...paths].some((path) => !known.has(path) && this.#mayMatter(path))) await this.#scan(paths);
  }

  #mayMatter(path: string): boolean {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name === IGNORE_FILE) return true;
    const isInside = this.#folders.some((folder) => path === folder.path || path.startsWith(`${folder.path}/`) || folder.path.startsWith(`${path}/`));
    return isInside && !EDITOR_FILE.test(name);
  }

  /** Loads one file and records the outcome. Never throws. */
  async #process(state: FileState, lane: Lane): Promise<void> {
    state.retryAtMs = null;
    try {
      await this.#loadAndRecord(state, lane);
    } catch (error) {
      if (this.#stopped || hasErrorCode(error, "shutting_down")) return;
      this.#options.logger.error(
        { file: state.path, error: errorMessage(error) },
        "A DAG file could not be loaded or recorded; this is tried again.",
      );
      this.#retryLater(state);
    }
    this.#metrics.queueSize(this.#queue.size);
  }

  async #loadAndRecord(state: FileState, lane: Lane): Promise<void> {
    const load = await this.#loadSettled(state);
    if (load === null || this.#stopped) return;
    const before = state.inputs;
    // From here on changes are seen as those of any file.
    state.inputs = load.inputs;
    const recording = this.#recorder.record(toLoadedDagFile(state, load, this.#loadedBy), lane.urgent);
    if (this.#recorder.hasRoom) lane.leave();
    const recorded = await recording.catch((error: unknown) => {
      state.inputs = before;
      throw error;
    });
    state.hasError = !load.ok;
    state.hasRejectedDags = recorded.rejected.length > 0 || recorded.yielded !== undefined;
    state.loadedAtMs = Date.now();
    if (!load.ok && TRANSIENT_IMPORT_ERROR_KINDS.includes(load.error.kind)) this.#retryLater(state);
    else state.failuresInARow = 0;
    this.#counts[load.ok ? "loaded" : "failed"]++;
    if (recorded.stale.length > 0) await this.#loadRejected();
    if (this.#started && (await this.#watcher.watchAlso(inputFolders(state))) > 0 && (await needsLoad(state, Date.now())))
      this.#queue.add(state, true);
    this.#tell(state, load, recorded);
    if (load.ok && isSuspicious(recorded, before, load.inputs)) await this.#warnOfVaryingSpecs(state, load, recorded);
  }

  /** The file was loaded from the same sources as before, and gave something else. */
  async #warnOfVaryingSpecs(state: FileState, load: Extract<DagFileLoad, { ok: true }>, recorded: RecordedDagFile): Promise<void> {
    const again = await this.#options.loader.load({ path: state.path, root: state.folder.path });
    // Saved in the meantime: its next load tells.
    if (!again.ok || this.#stopped || !haveSameContent(load.inputs, again.inputs)) return;
    const warnings = varyingSpecWarnings(load, again, recorded);
    await this.#options.engine.recordDagWarnings(warnings);
    const file = { bundleName: state.folder.name, relativePath: state.relativePath };
    for (const { dagId, message } of warnings) this.#options.logger.warn({ ...file, dagId }, message);
  }

  /** A DAG lost its file: another file that was refused it gets another chance; also one that was recorded together with it, and hears of its outcome in this turn. */
  async #loadRejected(): Promise<void> {
    await new Promise((resolve) => void setImmediate(resolve));
    if (this.#stopped) return;
    for (const state of this.#states.values()) if (state.hasRejectedDags) this.#queue.add(state, false);
  }

  /** Null: the file is gone or empty for the moment, and looked at again a little later. */
  async #loadSettled(state: FileState): Promise<DagFileLoad | null> {
    for (let attempt = 1; ; attempt++) {
      const load = await this.#options.loader.load({ path: state.path, root: state.folder.path });
      if (await this.#isInTheMiddleOfSaving(state, load)) {
        this.#after(VANISHED_MS, () => void this.#scan());
        // Its next look must not find it unchanged.
        state.inputs = null;
        return null;
      }
      state.emptiedAtMs = null;
      if (attempt === MAX_RELOADS || (await checkFingerprints(load.inputs)).unchanged) return load;
    }
  }

  async #isInTheMiddleOfSaving(state: FileState, load: DagFileLoad): Promise<boolean> {
    // Whether it is gone for good is for the next scan to say.
    if (load.sourceText === null && (await stat(state.path).catch(() => null)) === null) return true;
    if ((load.sourceText ?? "").trim() !== "") return false;
    state.emptiedAtMs ??= Date.now();
    return Date.now() - state.emptiedAtMs < VANISHED_MS;
  }

  async #deleteVanished(missing: readonly FileState[]): Promise<void> {
    const now = Date.now();
    // What is being recorded must not come after its end.
    const gone = missing.filter((state) => state.vanishedAtMs !== null && now - state.vanishedAtMs >= VANISHED_MS && !this.#queue.isRunning(state));
    for (const state of missing) state.vanishedAtMs ??= now;
    if (missing.length > gone.length && this.#started) this.#after(VANISHED_MS, () => void this.#scan());
    if (gone.length === 0) return;
    const { stale } = await this.#options.engine.recordDeletedDagFiles(
      gone.map(({ folder, relativePath }) => ({ bundleName: folder.name, relativePath })),
    );
    for (const state of gone) {
      this.#queue.remove(state);
      this.#states.delete(fileKey(state.folder.name, state.relativePath));
    }
    this.#counts.deleted += gone.length;
    await this.#loadRejected();
    this.#options.logger.info({ files: gone.map((state) => state.path), stale }, "DAG files were deleted; their DAGs are stale.");
  }

  #retryLater(state: FileState): void {
    const first = this.#options.retryDelayMs ?? DEFAULT_RETRY_DELAY_MS;
    const delayMs = first * Math.min(2 ** state.failuresInARow, MAX_RETRY_FACTOR);
    state.failuresInARow++;
    state.retryAtMs = Date.now() + delayMs;
    if (this.#started) this.#after(delayMs, () => this.#retry(state));
  }

  #retry(state: FileState): void {
    if (this.#states.get(fileKey(state.folder.name, state.relativePath)) === state && state.retryAtMs !== null) this.#queue.add(state, false);
  }

  #tell(state: FileState, load: DagFileLoad, recorded: Awaited<ReturnType<DagFileUseCases["recordDagFile"]>>): void {
    const { logger } = this.#options;
    const file = { bundleName: state.folder.name, relativePath: state.relativePath };
    this.#metrics.fileDuration(file, load.durationMs);
    for (const { message } of load.warnings) logger.warn(file, message);
    for (const { dagId, reason } of recorded.rejected) logger.warn({ ...file, dagId }, reason);
    if (load.ok) {
      const { changed, stale } = recorded;
      if (changed.length + stale.length > 0) logger.info({ ...file, changed, stale, durationMs: Math.round(load.durationMs) }, "DAG file loaded.");
      return;
    }
    this.#metrics.fileFailed(file);
    if (load.error.kind === "timeout") this.#metrics.fileTimedOut(file);
    const { kind, message, file: place, line } = load.error;
    logger.warn({ ...file, kind, place, line }, `DAG file does not load: ${message}`);
  }

  #tellUnreadable(unreadable: readonly { folder: string; reason: string }[]): void {
    for (const { folder, reason } of unreadable) {
      if (this.#toldUnreadable.has(folder)) continue;
      this.#toldUnreadable.add(folder);
      this.#options.logger.warn({ folder, reason }, "A DAG folder cannot be read. The DAGs known from it stay as they are.");
    }
    for (const folder of this.#toldUnreadable) if (!unreadable.some((one) => one.folder === folder)) this.#toldUnreadable.delete(folder);
  }

  #report(): void {
    const states = [...this.#states.values()];
    this.#metrics.queueSize(this.#queue.size);
    this.#metrics.importErrors(states.filter((state) => state.hasError).length);
    for (const { folder, relativePath, loadedAtMs } of states) {
      if (loadedAtMs !== null) this.#metrics.fileAge({ bundleName: folder.name, relativePath }, Date.now() - loadedAtMs);
    }
  }

  #after(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }

  #every(delayMs: number, run: () => void): void {
    this.#after(delayMs, () => {
      run();
      if (!this.#stopped) this.#every(delayMs, run);
    });
  }
}

function assertDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new TradewindError(
    "invalid_config",
    `Two DAG folders have the name "${twice}". DAG files are known by the name of their folder, so each needs its own.`,
  );
}
