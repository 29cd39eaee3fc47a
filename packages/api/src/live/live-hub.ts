import { randomBytes } from "node:crypto";
import { addChanges, type ChangeSet, type ChangeSubject, type ChangeUseCases, type ChangeWatch, createChangeSet } from "@tradewind/engine";
import type { Database } from "@tradewind/metadata";
import { listDagRunNames } from "@tradewind/metadata/rest";

/** What changed, with the names that people know it by. */
export interface NamedChanges {
  runs: readonly { dagId: string; runId: string }[];
  dags: ReadonlySet<string>;
  subjects: ReadonlySet<ChangeSubject>;
}

export interface LiveSubscriber {
  changed(id: string, changes: NamedChanges): void;
  /** What came before this is not known: everything may have changed. */
  missed(id: string): void;
}

export interface LiveSubscription {
  /** The place to go on from, and what changed since the one asked for; null: that is not known any more. */
  id: string;
  since: NamedChanges | null;
  /** What was told meanwhile is told now, and all that follows at once. */
  start(): void;
  end(): void;
}

export interface LiveHub {
  /** Settles when changes are heard. `lastId`: the place that the subscriber has seen. */
  subscribe(subscriber: LiveSubscriber, lastId: string | undefined): Promise<LiveSubscription>;
  close(): Promise<void>;
}

export interface LiveHubOptions {
  db: Database;
  engine: ChangeUseCases;
  /** Changes are collected for so long and told together. Default 100. */
  collectMs?: number;
  /** How many tellings are kept for those who come back. Default 600. */
  kept?: number;
  /** Goes on listening for so long after the last subscriber has left, so that a page that is loaded anew finds its place. Default one minute. */
  lingerMs?: number;
  onError: (error: unknown) => void;
}

const MOST_NAMES = 10_000;

/**
 * One ear for all browsers of this process. Changes get ascending places `<epoch>-<number>`; a bounded number of them is kept, so that a browser that lost its connection gets what it
 * missed. Another process, or this one after it lost the database, has another epoch: its places mean nothing here, and the browser is told to read everything anew.
 *
 * Listens only while somebody is there, and reads names of runs only for them.
 */
export function createLiveHub(options: LiveHubOptions): LiveHub {
  return new Hub(options);
}

class Hub implements LiveHub {
  readonly #options: Required<LiveHubOptions>;
  readonly #subscribers = new Set<LiveSubscriber>();
  readonly #names = new Map<number, { dagId: string; runId: string }>();
  #epoch = newEpoch();
  #number = 0;
  #kept: { number: number; changes: ChangeSet }[] = [];
  #collected: ChangeSet | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #watch: ChangeWatch | undefined;
  /** Tellings go out in order, also when names have to be read first. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: LiveHubOptions) {
    this.#options = { collectMs: 100, kept: 600, lingerMs: 60_000, ...options };
  }

  async subscribe(subscriber: LiveSubscriber, lastId: string | undefined): Promise<LiveSubscription> {
    clearTimeout(this.#lingering);
    this.#watch ??= this.#listen();
    const watch = this.#watch;
    const early: (() => void)[] = [];
    let isOpen = false;
    const gate = (tell: () => void): void => void (isOpen ? tell() : early.push(tell));
    const gated: LiveSubscriber = {
      changed: (id, changes) => gate(() => subscriber.changed(id, changes)),
      missed: (id) => gate(() => subscriber.missed(id)),
    };
    this.#subscribers.add(gated);
    const end = (): void => this.#leave(gated);
    try {
      await watch.ready;
      // What is being told now goes to this subscriber too, through its gate.
      const id = this.#place();
      const since = await this.#since(lastId);
      const start = (): void => {
        isOpen = true;
        for (const tell of early.splice(0)) tell();
      };
      return { id, since, start, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#subscribers.clear();
    await this.#stop();
    await this.#telling;
  }

  #listen(): ChangeWatch {
    // The first connection misses nothing: nobody was told anything before it.
    let wasConnected = false;
    return this.#options.engine.watchChanges((event) => {
      if (event.type === "missed") {
        if (wasConnected) this.#forget();
        wasConnected = true;
        return;
      }
      addChanges((this.#collected ??= createChangeSet()), event);
      this.#timer ??= setTimeout(() => this.#flush(), this.#options.collectMs).unref();
    });
  }

  #leave(subscriber: LiveSubscriber): void {
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => void this.#stop().catch(this.#options.onError), this.#options.lingerMs).unref();
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#lingering);
    const watch = this.#watch;
    this.#watch = undefined;
    this.#forget();
    await watch?.close();
  }

  /** Nothing that was told so far leads to what is now. */
  #forget(): void {
    this.#epoch = newEpoch();
    this.#number = 0;
    this.#kept = [];
    this.#collected = undefined;
    const id = this.#place();
    this.#tell(async () => {
      for (const subscriber of this.#subscribers) subscriber.missed(id);
    });
  }

  #flush(): void {
    this.#timer = undefined;
    const changes = this.#collected;
    if (changes === undefined) return;
    this.#collected = undefined;
    this.#number += 1;
    this.#kept.push({ number: this.#number, changes });
    if (this.#kept.length > this.#options.kept) this.#kept.shift();
    if (this.#subscribers.size === 0) return;
    const id = this.#place();
    this.#tell(async () => {
      const named = await this.#name(changes);
      for (const subscriber of this.#subscribers) subscriber.changed(id, named);
    });
  }

  /** What cannot be told is not left out in silence. */
  #tell(work: () => Promise<void>): void {
    this.#telling = this.#telling.then(work).catch((error: unknown) => {
      this.#options.onError(error);
      for (const subscriber of this.#subscribers) subscriber.missed(this.#place());
    });
  }

  async #since(lastId: string | undefined): Promise<NamedChanges | null> {
    const [epoch, text] = lastId?.split("-", 2) ?? [];
    const number = Number(text);
    const first = this.#kept[0]?.number ?? this.#number + 1;
    if (epoch !== this.#epoch || !Number.isSafeInteger(number) || number < first - 1 || number > this.#number) return null;
    const changes = createChangeSet();
    for (const entry of this.#kept) if (entry.number > number) addChanges(changes, entry.changes);
    return this.#name(changes);
  }

  async #name({ runs, dags, subjects }: ChangeSet): Promise<NamedChanges> {
    const unknown = [...runs].filter((id) => !this.#names.has(id));
    if (this.#names.size + unknown.length > MOST_NAMES) this.#names.clear();
    const wanted = [...runs].filter((id) => !this.#names.has(id));
    const found = wanted.length === 0 ? [] : await listDagRunNames(this.#options.db, { dagRunIds: wanted });
    for (const { id, dagId, runId } of found) this.#names.set(id, { dagId, runId });
    return { runs: [...runs].flatMap((id) => this.#names.get(id) ?? []), dags, subjects };
  }

  #place(): string {
    return `${this.#epoch}-${this.#number}`;
  }
}

function newEpoch(): string {
  return randomBytes(6).toString("hex");
}
