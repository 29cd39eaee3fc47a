import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostStartup } from "@tradewind/contract";
import { TradewindError } from "@tradewind/core";
import type { ExecutorStart } from "@tradewind/executor";
import { HostConnection } from "./host-connection.ts";
import { type HostFiles, openHostLog, withStartLock } from "./host-files.ts";

const START_TIMEOUT_MS = 20_000;

export type HostSettings = Pick<
  HostStartup,
  | "executor"
  | "slots"
  | "passEnv"
  | "memoryLimitMb"
  | "maxResultBytes"
  | "idleExitMs"
  | "unreachableExitMs"
  | "drainTimeoutMs"
  | "childPolicy"
  | "stopLadder"
  | "maxLogBytes"
>;

/** Finds the living host of a home, or starts one. */
export class HostLauncher {
  readonly #files: HostFiles;
  readonly #command: readonly string[];
  readonly #settings: HostSettings;
  readonly #start: ExecutorStart;

  constructor(files: HostFiles, command: readonly string[], settings: HostSettings, start: ExecutorStart) {
    this.#files = files;
    this.#command = command;
    this.#settings = settings;
    this.#start = start;
  }

  get logPath(): string {
    return this.#files.logPath;
  }

  /** A connection to the host that is there already; undefined: there is none. */
  find(): Promise<HostConnection | undefined> {
    return HostConnection.open(this.#files.socketPath, this.#start.executionApiUrl);
  }

  /** @throws TradewindError `executor_failed` when the host ends or does not answer in time; its log says why */
  async findOrStart(): Promise<HostConnection> {
    return (await this.find()) ?? (await withStartLock(this.#files.lockPath, async () => (await this.find()) ?? (await this.#launch())));
  }

  async #launch(): Promise<HostConnection> {
    const hostId = `${this.#settings.executor}-${hostname()}-${randomBytes(4).toString("hex")}`;
    const { socketPath, stateDir } = this.#files;
    const { executionApiUrl } = this.#start;
    const startup: HostStartup = {
      ...this.#settings,
      hostId,
      socketPath,
      stateDir,
      executionApiUrl,
      hostToken: await this.#start.issueHostToken(hostId),
    };
    const { pid, ended } = this.#spawn(JSON.stringify(startup));
    this.#start.logger.info({ hostId, pid, socketPath }, "started a runner host");
    return this.#awaitAnswer(ended);
  }

  // In a session of its own: neither Ctrl-C in our terminal nor our death reaches it.
  #spawn(startup: string): { pid: number | undefined; ended: { how: string | undefined } } {
    const log = openHostLog(this.#files.logPath);
    const [program, ...args] = this.#command;
    const child = spawn(program!, args, { detached: true, stdio: ["pipe", log, log], env: hostEnv() });
    closeSync(log);
    const ended: { how: string | undefined } = { how: undefined };
    child.on("error", (error) => (ended.how = error.message));
    child.on("exit", (code, signal) => (ended.how = `it ended with ${signal ?? `code ${code}`}`));
    child.stdin!.on("error", () => undefined);
    child.stdin!.end(startup);
    child.unref();
    return { pid: child.pid, ended };
  }

  async #awaitAnswer(ended: { how: string | undefined }): Promise<HostConnection> {
    const giveUpAt = performance.now() + START_TIMEOUT_MS;
    while (ended.how === undefined && performance.now() < giveUpAt) {
      const connection = await this.find();
      if (connection !== undefined) return connection;
      await sleep(15);
    }
    const why = ended.how ?? `it did not answer within ${START_TIMEOUT_MS} ms`;
    throw new TradewindError(
      "executor_failed",
      `The runner host could not be started (${this.#command.join(" ")}): ${why}. Its log is ${this.#files.logPath}.`,
    );
  }
}

/** The host needs no setting of ours from the environment, and no secret may be read from there. */
function hostEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TRADEWIND__")));
}
