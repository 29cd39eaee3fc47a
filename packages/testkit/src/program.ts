import { spawn } from "node:child_process";
import { until } from "./until.ts";

export interface ProgramOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** In a process group of its own. Default false. */
  detached?: boolean;
}

/** A process that a test has started. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Everything it has printed, both streams. */
  output(): string;
  isRunning(): boolean;
  /** How it ended; undefined while it runs. */
  ending(): string | undefined;
  /** Resolves when it has printed the text; rejects with its output when it ends before, or does not print it in time. */
  printed(text: string, timeoutMs?: number): Promise<void>;
  /** Sends the signal and waits for the end. Does nothing when it has ended. */
  end(signal: NodeJS.Signals, timeoutMs?: number): Promise<void>;
}

/** Starts a TypeScript program with this Node. */
export function startProgram(name: string, command: readonly string[], options: ProgramOptions): Program {
  const child = spawn(process.execPath, command, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  let ending: string | undefined;
  child.once("error", (error) => (ending = error.message));
  child.once("exit", (code, signal) => (ending = signal ?? `code ${code}`));
  const describe = (): string => `${name} (pid ${child.pid}, ${ending ?? "running"}) has printed:\n${output.slice(-8_000)}`;

  return {
    name,
    pid: child.pid!,
    output: () => output,
    isRunning: () => ending === undefined,
    ending: () => ending,
    async printed(text, timeoutMs = 120_000) {
      const found = await until(`"${text}" of ${name}`, () => output.includes(text) || ending !== undefined, timeoutMs).catch(() => false);
      if (!found || !output.includes(text)) throw new Error(`"${text}" did not come. ${describe()}`);
    },
    async end(signal, timeoutMs = 20_000) {
      if (ending !== undefined) return;
      child.kill(signal);
      await until(`the end of ${name} after ${signal}`, () => ending !== undefined, timeoutMs).catch((error: unknown) => {
        throw new Error(describe(), { cause: error });
      });
    },
  };
}
