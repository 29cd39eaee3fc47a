import { TradewindError } from "@tradewind/core";
import { type ChildAnswer, type ChildLoad, type ChildSettings, LoaderChild } from "./child-process.ts";

export interface LoaderPoolOptions extends ChildSettings {
  /** At most so many children at a time. */
  size: number;
  /** A child is replaced after so many loads. */
  maxLoadsPerChild: number;
  /** Children without work end after this long; one fresh child is kept, so that an edited file does not wait for a process to start. */
  idleMs: number;
  keepWarm: boolean;
  environment: Record<string, string>;
}

interface Job {
  load: ChildLoad;
  /** Only a child that has loaded nothing yet will do. */
  needsFresh: boolean;
  resolve(result: { answer: ChildAnswer; wasFresh: boolean }): void;
  reject(error: unknown): void;
}

/**
 * A few loader children that load bundles one after the other. What one file does to its child is not held against another: whatever fails in a child
 * that loaded files before is tried once more in a fresh one, and only that answer counts.
 */
export class LoaderPool {
  readonly #options: LoaderPoolOptions;
  readonly #queue: Job[] = [];
  readonly #idle: LoaderChild[] = [];
  /** Children that take one of the `size` places. */
  readonly #children = new Set<LoaderChild>();
  /** Everything `stop` has to wait for: children on their way in and on their way out. */
  readonly #pending = new Set<Promise<void>>();
  /** Files (by the caller's key) that ended their child last time: they go to a fresh child at once, to be waited for once and not twice. */
  readonly #suspects = new Set<string>();
  #starting = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: LoaderPoolOptions) {
    this.#options = options;
  }

  /** Starts a child ahead of the first load. */
  warmUp(): void {
    if (!this.#stopped && this.#children.size + this.#starting === 0) this.#startChild(() => {});
  }

  /** @param key names the file over several loads */
  async load(key: string, load: ChildLoad): Promise<ChildAnswer> {
    const first = await this.#submit(load, this.#suspects.has(key));
    const final = isGood(first.answer) || first.wasFresh ? first : await this.#submit(load, true);
    if (final.answer.answered) this.#suspects.delete(key);
    else this.#suspects.add(key);
    return final.answer;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#idleTimer);
    for (const job of this.#queue.splice(0)) job.reject(stoppedError());
    for (const child of this.#children) child.kill();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #submit(load: ChildLoad, needsFresh: boolean): Promise<{ answer: ChildAnswer; wasFresh: boolean }> {
    if (this.#stopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ load, needsFresh, resolve, reject });
      this.#pump();
    });
  }

  /** Gives waiting jobs to children, and starts children while jobs wait and there is room. */
  #pump(): void {
    if (this.#stopped) return;
    clearTimeout(this.#idleTimer);
    while (this.#queue.length > 0 && this.#giveNext());
    if (this.#queue.length > this.#starting) this.#makeRoom();
    if (this.#queue.length === 0) this.#idleTimer = setTimeout(() => this.#retireIdle(), this.#options.idleMs).unref();
  }

  #giveNext(): boolean {
    for (let jobIndex = 0; jobIndex < this.#queue.length; jobIndex++) {
      const job = this.#queue[jobIndex] as Job;
      const childIndex = this.#idle.findIndex((child) => child.isReusable && (!job.needsFresh || child.loads === 0));
      if (childIndex === -1) continue;
      const [child] = this.#idle.splice(childIndex, 1);
      this.#queue.splice(jobIndex, 1);
      void this.#run(child as LoaderChild, job);
      return true;
    }
    return false;
  }

  /** Jobs wait and no idle child suits them. */
  #makeRoom(): void {
    // Idle children are of no use to the jobs that wait, or they would have been given one.
    for (const child of this.#idle.splice(0)) this.#discard(child);
    const wanted = this.#queue.length - this.#starting;
    const room = this.#options.size - this.#children.size - this.#starting;
    for (let count = Math.min(wanted, room); count > 0; count--) this.#startChild((error) => this.#failNext(error));
  }

  #startChild(onError: (error: unknown) => void): void {
    this.#starting++;
    const started = LoaderChild.start(this.#options, this.#options.environment).finally(() => this.#starting--);
    this.#waitFor(started.then((child) => this.#welcome(child), onError));
  }

  #welcome(child: LoaderChild): void {
    this.#children.add(child);
    this.#waitFor(child.ended().then(() => this.#forget(child)));
    if (this.#stopped) child.kill();
    else this.#idle.push(child);
    this.#pump();
  }

  #waitFor(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  async #run(child: LoaderChild, job: Job): Promise<void> {
    const wasFresh = child.loads === 0;
    try {
      const answer = await child.load(job.load);
      if (this.#stopped) throw stoppedError();
      job.resolve({ answer, wasFresh });
    } catch (error) {
      job.reject(error);
    }
    if (child.isReusable && child.loads < this.#options.maxLoadsPerChild) this.#idle.push(child);
    else this.#discard(child);
    this.#pump();
  }

  /** The slot is free at once; the process is gone a moment later. */
  #discard(child: LoaderChild): void {
    this.#children.delete(child);
    child.kill();
  }

  #forget(child: LoaderChild): void {
    this.#children.delete(child);
    const index = this.#idle.indexOf(child);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#pump();
  }

  #failNext(error: unknown): void {
    this.#queue.shift()?.reject(error);
    this.#pump();
  }

  #retireIdle(): void {
    if (this.#stopped || this.#queue.length > 0) return;
    const keep = this.#options.keepWarm ? this.#idle.find((child) => child.loads === 0) : undefined;
    for (const child of this.#idle.splice(0)) {
      if (child === keep) this.#idle.push(child);
      else this.#discard(child);
    }
    if (this.#options.keepWarm && keep === undefined) this.warmUp();
  }
}

function isGood(answer: ChildAnswer): boolean {
  return answer.answered && answer.outcome.ok;
}

function stoppedError(): TradewindError {
  return new TradewindError("shutting_down", "The DAG loader was stopped before the file was loaded.");
}
