import type { LoadedDagFile, RecordedDagFile } from "@tradewind/engine";

/** So long a file waits at most for others to be recorded with it. */
const GATHER_MS = 100;
/** What is recorded in one transaction at most: others wait for the locks of its DAGs. */
const MAX_FILES = 50;
const MAX_CHARACTERS = 8 * 1024 * 1024;

export interface RecorderOptions {
  /** Gives one outcome for each file. */
  record(files: readonly LoadedDagFile[]): Promise<PromiseSettledResult<RecordedDagFile>[]>;
  /** Whether further files, as urgent as this one, wait to be loaded: then there is no hurry, and this one can go with them. */
  moreIsComing(urgent: boolean): boolean;
}

interface Waiting {
  file: LoadedDagFile;
  urgent: boolean;
  sinceMs: number;
  characters: number;
  resolve: (recorded: RecordedDagFile) => void;
  reject: (reason: unknown) => void;
}

/**
 * Has loaded files recorded, several at once where several are there: those that came while the ones before were being recorded, and those of a backlog within a moment. One that nothing follows is recorded at
 * once.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #waiting: Waiting[] = [];
  #isRecording = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Whether more should be loaded while what is here waits: it is held in memory. */
  get hasRoom(): boolean {
    return this.#waiting.reduce((sum, { characters }) => sum + characters, 0) < MAX_CHARACTERS;
  }

  record(file: LoadedDagFile, urgent: boolean): Promise<RecordedDagFile> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, urgent, sinceMs: performance.now(), characters: sizeOf(file), resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const first = this.#waiting[0];
    if (this.#isRecording || first === undefined) return;
    clearTimeout(this.#timer);
    const batch = this.#batch();
    const isFull = batch.length < this.#waiting.length || batch.length === MAX_FILES;
    const waitMs = first.sinceMs + GATHER_MS - performance.now();
    if (isFull || waitMs <= 0 || !this.#waiting.every(({ urgent }) => this.#options.moreIsComing(urgent))) void this.#record(batch);
    else this.#timer = setTimeout(() => this.#next(), waitMs);
  }

  /** As many as may go together, first come first. */
  #batch(): Waiting[] {
    let characters = 0;
    const end = this.#waiting.findIndex((one, index) => (characters += one.characters) > MAX_CHARACTERS && index > 0);
    return this.#waiting.slice(0, Math.min(MAX_FILES, end === -1 ? this.#waiting.length : end));
  }

  async #record(batch: readonly Waiting[]): Promise<void> {
    this.#waiting = this.#waiting.slice(batch.length);
    this.#isRecording = true;
    try {
      const outcomes = await this.#options.record(batch.map(({ file }) => file));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index]!;
        if (outcome.status === "fulfilled") resolve(outcome.value);
        else reject(outcome.reason);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#isRecording = false;
    this.#next();
  }
}

function sizeOf({ result }: LoadedDagFile): number {
  if (!result.ok) return 0;
  const { bundle, source, dags } = result;
  return bundle.code.length + (bundle.sourceMap?.length ?? 0) + source.length + dags.reduce((sum, { specJson }) => sum + specJson.length, 0);
}
