import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ChildProgram,
  compileCacheOf,
  INSTALLATION_PROGRAMS,
  prepareChildProgram,
  removeOldCompiled,
  touchChildProgram,
} from "@tradewind/loader/child-program";
import type { HostLogger } from "./host-options.ts";

/** The source of the program that children run. */
export const CHILD_MAIN = fileURLToPath(new URL("../child/child-main.ts", import.meta.url));

/** A program that is being packed is not waited for any longer: until it is there, children start from the sources. */
const PATIENCE_MS = 10_000;
const TEND_EVERY_MS = 24 * 60 * 60_000;

export interface ChildProgramsOptions {
  stateDir: string;
  /** Is told when children start from the sources, which takes several times as long. */
  logger?: HostLogger;
  /** Default: beside the installation's sources, else in the state folder. */
  folders?: readonly string[] | undefined;
}

/** What child processes are started from: the program packed into a few files, shared by all hosts of an installation where its folder can be written to. */
export class ChildPrograms {
  readonly #options: ChildProgramsOptions;
  #program: ChildProgram | null = null;
  #ready: Promise<void> | undefined;
  #tending: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ChildProgramsOptions) {
    this.#options = options;
  }

  /** Where children keep what they have compiled: with the program if that is possible, for all who use it. */
  get compileCacheDir(): string {
    const { stateDir } = this.#options;
    const { folder } = this.#program ?? { folder: stateDir };
    return compileCacheOf({ folder: isWritable(folder) ? folder : stateDir });
  }

  /** Resolves when it is known what to start children from. Never rejects. */
  ready(): Promise<void> {
    return (this.#ready ??= this.#prepare());
  }

  /** null: the sources. */
  current(): ChildProgram | null {
    // Whoever empties caches by hand shall not stop tasks.
    return this.#program !== null && existsSync(this.#program.main) ? this.#program : null;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#tending);
  }

  async #prepare(): Promise<void> {
    const { stateDir, logger, folders = [INSTALLATION_PROGRAMS, join(stateDir, "programs")] } = this.#options;
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`it takes longer than ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
    });
    try {
      // Also one that comes late is used, by the children that start then.
      await Promise.race([prepareChildProgram({ entry: CHILD_MAIN, folders }).then((program) => this.#use(program)), late]);
    } catch (error) {
      const message = "child processes start from the sources, which takes longer: their program could not be packed";
      logger?.warn({ error: String(error) }, message);
    }
  }

  #use(program: ChildProgram): void {
    this.#program = program;
    const tend = () => {
      void touchChildProgram(program);
      void removeOldCompiled(this.compileCacheDir);
    };
    tend();
    if (!this.#closed) this.#tending = setInterval(tend, TEND_EVERY_MS).unref();
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
