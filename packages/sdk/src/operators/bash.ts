import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { TradewindError } from "@tradewind/core";
import { definitionError } from "../definition-error.ts";
import { SkipTask } from "../errors.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import { currentTaskScope } from "../runtime.ts";
import type { TaskOptions } from "../task-options.ts";
import { readLines } from "./process-output.ts";

export interface BashOptions<Inputs = NoInputs, Result = string> extends TaskOptions {
  /** What `bash -c` runs. For safety pass values from outside by `env` and not inside the text. */
  command: Templated<string, Inputs>;
  /** Environment variables, added to those of the task's process. `undefined` takes one away. */
  env?: Templated<Record<string, string | undefined>, Inputs>;
  /** False: the command sees only `env`. Default true. */
  inheritEnv?: boolean;
  /** Directory to run in. Default: a fresh temporary one, removed afterwards. */
  cwd?: Templated<string, Inputs>;
  /** Exit codes that mean "skipped". Default 99. */
  skipOnExitCode?: number | readonly number[] | null;
  /** How the command writes text: a label of the Encoding Standard, such as `"windows-1252"`. Default `"utf-8"`. */
  outputEncoding?: string;
  /** Makes the result (XCom) from the last line of stdout. Default: the line itself. Airflow's output_processor. */
  outputProcessor?: (lastLine: string) => Result;
}

/** Time between SIGTERM and SIGKILL. Shorter than the runner's own patience with its child, so that no command outlives its task. */
const KILL_AFTER_MS = 3_000;

/**
 * The command gets a process group of its own, so that all it started can be stopped while the task's process lives on. But then whoever kills that process
 * and its group (out of memory, a lost lease) does not reach the command. So a guard in the new group holds the end of a pipe: when the pipe ends without a
 * word, nobody is left to speak for the command, and the guard kills the group. It holds none of the output pipes, which would never end.
 */
const GUARDED = `(trap "" TERM INT HUP; read -r _ <&3 || kill -KILL 0) </dev/null >/dev/null 2>&1 & exec 3<&-; exec bash -c "$1"`;

/**
 * Runs a command with bash. stdout and stderr go to the task's log as they come; the last line of stdout is the result. Any exit code but 0 fails the
 * task, 99 skips it. When the task is stopped, the whole process group gets SIGTERM and then SIGKILL. Airflow's BashOperator.
 *
 * The command finds `TRADEWIND_CTX_DAG_ID`, `…_TASK_ID`, `…_RUN_ID`, `…_TRY_NUMBER`, `…_MAP_INDEX` and `…_LOGICAL_DATE` in its environment.
 *
 * @example
 * dag.add(bash("load", { command: ({ ds }) => `load.sh ${ds}`, retries: 2 }));
 * @example
 * const zip = dag.task(bash("zip", { command: 'gzip "$FILE"', env: ({ inputs }: TemplateContext<{ file: string }>) => ({ FILE: inputs.file }) }));
 * zip.expand({ file: listFiles() });
 */
export function bash<Inputs = NoInputs, Result = string>(taskId: string, options: BashOptions<Inputs, Result>): Operator<Inputs, Result> {
  const { command, env, inheritEnv, cwd, skipOnExitCode, outputEncoding, outputProcessor, ...taskOptions } = options;
  checkEncoding(taskId, outputEncoding);
  const bashOptions = { command, env, inheritEnv, cwd, skipOnExitCode, outputEncoding, outputProcessor };
  return operator<Inputs, Result>(taskId, {
    operator: "bash",
    handler: (inputs) => runBash(bashOptions, templateContext(inputs)),
    options: taskOptions,
  });
}

function checkEncoding(taskId: string, encoding: string | undefined): void {
  if (encoding === undefined) return;
  try {
    new TextDecoder(encoding);
  } catch (cause) {
    throw definitionError(
      `Option "outputEncoding" of task "${taskId}" is ${JSON.stringify(encoding)}, which is no known encoding. Use a name such as "utf-8" or "windows-1252".`,
      { taskId, cause },
    );
  }
}

async function runBash<Inputs, Result>(options: BashOptions<Inputs, Result>, context: TemplateContext<Inputs>): Promise<Result> {
  const command = await renderTemplate(options.command, context, "command");
  const given = options.env === undefined ? {} : await renderTemplate(options.env, context, "env");
  const env = { ...(options.inheritEnv === false ? {} : process.env), ...contextEnv(context), ...given };
  const chosen = options.cwd === undefined ? undefined : await renderTemplate(options.cwd, context, "cwd");
  const cwd = chosen ?? (await mkdtemp(join(tmpdir(), "tradewind-bash-")));
  try {
    context.log.info(`Running in ${cwd}: ${command}`);
    const { exitCode, signal, lastLine } = await execute({ command, cwd, env, encoding: options.outputEncoding ?? "utf-8" }, context.signal);
    assertSucceeded(exitCode, signal, options.skipOnExitCode ?? (options.skipOnExitCode === null ? [] : 99), context);
    return options.outputProcessor ? options.outputProcessor(lastLine) : (lastLine as Result);
  } finally {
    if (chosen === undefined) await rm(cwd, { recursive: true, force: true });
  }
}

function contextEnv({ dag, task, run, attempt, logicalDate }: TemplateContext<unknown>): Record<string, string> {
  return {
    TRADEWIND_CTX_DAG_ID: dag.dagId,
    TRADEWIND_CTX_TASK_ID: task.taskId,
    TRADEWIND_CTX_RUN_ID: run.runId,
    TRADEWIND_CTX_TRY_NUMBER: String(attempt.tryNumber),
    TRADEWIND_CTX_MAP_INDEX: String(task.mapIndex),
    TRADEWIND_CTX_LOGICAL_DATE: logicalDate?.toISOString() ?? "",
  };
}

interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  lastLine: string;
}

interface Execution {
  command: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  encoding: string;
}

async function execute({ command, cwd, env, encoding }: Execution, stop: AbortSignal): Promise<Ended> {
  stop.throwIfAborted();
  const { runtime } = currentTaskScope()!;
  const child = spawn("bash", ["-c", GUARDED, "bash", command], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const lifeline = child.stdio[3] as Writable;
  lifeline.on("error", () => undefined);
  const release = stopGroupWith(child, stop);
  let lastLine = "";
  const stdout = readLines(child.stdio[1] as Readable, encoding, (line) => {
    lastLine = line;
    runtime.log({ level: "info", message: line, stream: "stdout" });
  });
  const stderr = readLines(child.stdio[2] as Readable, encoding, (line) => runtime.log({ level: "info", message: line, stream: "stderr" }));
  try {
    const [exitCode, signal] = await exited(child);
    await Promise.all([stdout, stderr]);
    stop.throwIfAborted();
    return { exitCode, signal, lastLine };
  } finally {
    lifeline.end("done\n");
    release();
  }
}

function exited(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) =>
      reject(
        new TradewindError(
          "task_failed",
          `bash could not be started: ${cause.message}. Check that bash is on the PATH of the worker and that the cwd exists.`,
          { cause },
        ),
      ),
    );
    child.once("exit", (exitCode, signal) => resolve([exitCode, signal]));
  });
}

/** Stops the group when the task is stopped, and when the task's own process ends. */
function stopGroupWith(child: ChildProcess, stop: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  const killNow = () => kill("SIGKILL");
  const onStop = () => {
    kill("SIGTERM");
    timer = setTimeout(killNow, KILL_AFTER_MS);
  };
  stop.addEventListener("abort", onStop, { once: true });
  process.once("exit", killNow);
  return () => {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
    process.removeListener("exit", killNow);
    // bash may have ended by SIGTERM while what it started lives on.
    if (stop.aborted) killNow();
  };
}

function assertSucceeded(exitCode: number | null, signal: string | null, skip: number | readonly number[], context: TemplateContext<unknown>): void {
  if (exitCode === 0) return;
  if (exitCode !== null && [skip].flat().includes(exitCode)) throw new SkipTask(`the command ended with exit code ${exitCode}, which means "skip"`);
  const how = signal === null ? `ended with exit code ${exitCode}` : `was killed by ${signal}`;
  throw new TradewindError("task_failed", `The command of task "${context.task.taskId}" ${how}. Its output is in the log above.`, {
    details: { exitCode, signal },
  });
}
