import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "@tradewind/testkit";

const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

export interface FleetPlace {
  /** A folder by which the processes are known, too. */
  home: string;
  redisUrl: string;
  executionApiUrl: string;
  secretKey: string;
}

/** Real worker processes, each of which is started again when it dies, as by whatever runs containers. */
export class WorkerFleet {
  readonly #place: FleetPlace;
  readonly #workers = new Set<Program>();
  #watch: NodeJS.Timeout | null = null;

  constructor(place: FleetPlace) {
    this.#place = place;
  }

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startOne()));
    this.#watch = setInterval(() => {
      for (const worker of this.#workers) {
        if (worker.isRunning()) continue;
        this.#workers.delete(worker);
        void this.#startOne();
      }
    }, 100);
  }

  async stop(): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch);
    await Promise.all([...this.#workers].map((worker) => worker.end("SIGTERM", 40_000)));
    const unclean = [...this.#workers].filter((worker) => worker.ending() !== "code 0");
    if (unclean.length > 0) throw new Error(`workers ended with ${unclean.map((worker) => `${worker.ending()}:\n${worker.output()}`).join("\n")}`);
  }

  async #startOne(): Promise<void> {
    const { home, redisUrl, executionApiUrl, secretKey } = this.#place;
    const worker = startProgram("worker", [CLI, "worker", "--concurrency", "4", "--drain-timeout", "5s"], {
      cwd: home,
      env: {
        ...process.env,
        TRADEWIND_HOME: home,
        TMPDIR: home,
        TRADEWIND__REDIS__URL: redisUrl,
        TRADEWIND__EXECUTION_API__URL: executionApiUrl,
        TRADEWIND__EXECUTION_API__SECRET_KEY: secretKey,
        TRADEWIND__LOGS__FORMAT: "json",
      },
    });
    this.#workers.add(worker);
    await worker.printed("the worker is ready");
  }
}
