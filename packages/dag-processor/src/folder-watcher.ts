import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";

export interface FolderWatcherEvents {
  /** Something happened to this path; it may be gone, or replaced. */
  changed(path: string): void;
  failed(folder: string, error: Error): void;
}

interface Watched {
  watcher: FSWatcher;
  inode: number;
}

/**
 * Watches single folders, not trees: one inotify watch per folder reports every file in it, and editors' "write beside and rename" shows up under the name
 * of the file that was meant. Watching each file as well would lose it at that moment, and cost a watch per file.
 */
export class FolderWatcher {
  readonly #events: FolderWatcherEvents;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(events: FolderWatcherEvents) {
    this.#events = events;
  }

  /** Watches exactly these folders from now on. Returns how many of them are new. */
  async watchOnly(folders: ReadonlySet<string>): Promise<number> {
    for (const folder of [...this.#watched.keys()]) if (!folders.has(folder)) this.#drop(folder);
    return await this.watchAlso(folders);
  }

  /** Returns how many of the folders are new: what happened in them before went unseen. */
  async watchAlso(folders: ReadonlySet<string>): Promise<number> {
    let added = 0;
    for (const folder of folders) if (await this.#watch(folder)) added++;
    return added;
  }

  close(): void {
    this.#closed = true;
    for (const folder of [...this.#watched.keys()]) this.#drop(folder);
  }

  async #watch(folder: string): Promise<boolean> {
    const stats = await stat(folder).catch(() => null);
    const known = this.#watched.get(folder);
    if (stats === null || stats.ino !== known?.inode) this.#drop(folder); // gone, or another folder under the same name
    if (this.#closed || stats === null || stats.ino === known?.inode) return false;
    try {
      const watcher = watch(folder, (_event, name) => this.#events.changed(name === null ? folder : join(folder, name)));
      watcher.on("error", (error) => {
        this.#drop(folder);
        this.#events.failed(folder, error);
      });
      this.#watched.set(folder, { watcher, inode: stats.ino });
      return true;
    } catch (error) {
      this.#events.failed(folder, error as Error);
      return false;
    }
  }

  #drop(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }
}
