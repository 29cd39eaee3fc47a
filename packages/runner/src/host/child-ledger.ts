import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { killGroup } from "./child-process.ts";
import { processStartTime } from "./process-facts.ts";

/**
 * The processes a host has started, on disk. Children end by themselves when their host dies, but one that never comes back to its event loop can't notice; the next host on this
 * folder ends those.
 */
export class ChildLedger {
  readonly #path: string;
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
  }

  async record(pid: number, alive: () => Iterable<number>): Promise<void> {
    const startedAt = await processStartTime(pid);
    if (startedAt === undefined) return;
    if (++this.#lines > 1_000) await this.#rewrite(alive());
    appendFileSync(this.#path, `${pid} ${startedAt}\n`);
  }

  /** Ends what an earlier host has left behind. Returns how many process groups that were. */
  async killLeftovers(): Promise<number> {
    let killed = 0;
    for (const line of this.#read()) {
      const [pid, startedAt] = line.split(/ (.*)/su);
      if ((await processStartTime(Number(pid))) !== startedAt) continue;
      killGroup(Number(pid), "SIGKILL");
      killed++;
    }
    writeFileSync(this.#path, "");
    return killed;
  }

  async #rewrite(pids: Iterable<number>): Promise<void> {
    this.#lines = 0;
    const lines = await Promise.all([...pids].map(async (pid) => `${pid} ${await processStartTime(pid)}\n`));
    writeFileSync(this.#path, lines.join(""));
  }

  #read(): string[] {
    try {
      return readFileSync(this.#path, "utf8").split("\n").filter(Boolean);
    } catch {
      return [];
    }
  }
}
