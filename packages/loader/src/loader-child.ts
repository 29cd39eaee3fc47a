/**
 * The program of a loader child: imports bundles that the pool sends it, one at a time, and answers with the specs of their DAGs.
 *
 * Author code runs in this process, so everything it needs later is taken before, and nothing here is trusted by the parent for more than the file that
 * was being loaded.
 */
import { flushCompileCache } from "node:module";
import { setImmediate, setTimeout } from "node:timers";
import { CapturedOutput } from "./captured-output.ts";
import type { ChildErrorKind, ChildOutcome, FromChild, ToChild } from "./child-protocol.ts";
import { type GlobalGuard, guardGlobals } from "./global-guard.ts";
import { importBundleCode, useOwnPackage } from "./import-bundle.ts";
import { describeThrown } from "./thrown-error.ts";

/** How long something that is still going on after the import may take before it counts as left running. */
const SETTLE_MS = 50;
const SETTLE_STEP_MS = 5;

type WithoutSecret<T> = T extends unknown ? Omit<T, "secret"> : never;
type Answer = WithoutSecret<FromChild>;
type LoadMessage = Extract<ToChild, { type: "load" }>;
type Failure = Extract<ChildOutcome, { ok: false }>;

class ProcessExit extends Error {
  override readonly name = "ProcessExit";
  constructor(code: number | string | null | undefined) {
    super(`process.exit(${code ?? ""}) was called`);
  }
}

/** Set while a file is loaded; `fail` is how errors outside its promise chain reach it. */
let current: { fail(kind: ChildErrorKind, thrown: unknown): void } | undefined;
/** An error came when no file was being loaded: something of an earlier file is still at work. */
let disturbed = false;

const output = new CapturedOutput();
const send = process.send?.bind(process);
const activeResources = process.getActiveResourcesInfo.bind(process);
/** Leader of its own process group, see `spawnChild`: what author code started goes too. */
const killSelf = process.kill.bind(process, -process.pid, "SIGKILL");

if (send === undefined) throw new Error("A loader child is started by the loader pool, not by hand.");
process.once("message", (message) => void start(message as ToChild, send));
process.on("disconnect", () => killSelf());

async function start(message: ToChild, sendRaw: (message: unknown) => boolean): Promise<void> {
  if (message.type !== "init") return;
  const { secret, maxSpecBytes, defaults, ownPackage } = message;
  if (ownPackage !== null) useOwnPackage(ownPackage);
  const answer = (content: Answer) => void sendRaw({ ...content, secret });
  const { dagsOfExports } = await import("./dags-of-exports.ts").catch((error: unknown) => {
    answer({ type: "unusable", error: describeThrown(error) });
    throw error;
  });
  catchStrayErrors();
  output.install();
  Error.stackTraceLimit = 50;
  process.on("message", (next) => void handle(next as ToChild));
  const guard = guardGlobals();
  let hasKeptCompiled = false;

  async function handle(next: ToChild): Promise<void> {
    if (next.type !== "load") return;
    const before = activeResources();
    // Author code may have replaced what `load` itself uses; that is its own fault, and no reason not to answer.
    const outcome = await load(next, (exports) => dagsOfExports(exports, { maxSpecBytes, defaults })).catch((error: unknown) =>
      failure("throw", error),
    );
    answer({ type: "loaded", loadId: next.loadId, outcome, reusable: isReusable(guard, before) });
    // Node writes what it has compiled when a process exits by itself, and this one will be killed. The first load has shown what is used.
    if (!hasKeptCompiled) flushCompileCache();
    hasKeptCompiled = true;
  }
  answer({ type: "ready" });
}

type ReadDags = (exports: Record<string, unknown>) => ReturnType<typeof import("./dags-of-exports.ts").dagsOfExports>;

async function load(message: LoadMessage, readDags: ReadDags): Promise<ChildOutcome> {
  output.take();
  const before = activeResources();
  const failed = new Promise<Failure>((resolve) => {
    current = { fail: (kind, thrown) => resolve(failure(kind, thrown)) };
  });
  try {
    const read = await Promise.race([failed, importAndRead(message, readDags)]);
    if (!read.ok) return { ...read, output: output.take() };
    // Rejections that nobody handles are told a turn later, and what was started may fail in a moment.
    const late = await Promise.race([failed, settle(before)]);
    return late.ok ? { ...read, leftRunning: late.leftRunning, output: output.take() } : { ...late, output: output.take() };
  } finally {
    current = undefined;
  }
}

type Read = Pick<Extract<ChildOutcome, { ok: true }>, "ok" | "dags" | "foreignTasks"> | Failure;

async function importAndRead(message: LoadMessage, readDags: ReadDags): Promise<Read> {
  try {
    const exports = await importBundleCode(message);
    const read = readDags(exports);
    return read.ok ? read : failure(read.kind, read.error);
  } catch (error) {
    return failure("throw", error);
  }
}

function failure(kind: ChildErrorKind, thrown: unknown): Failure {
  return { ok: false, kind: thrown instanceof ProcessExit ? "exit" : kind, error: describeThrown(thrown), output: null };
}

async function settle(before: readonly string[]): Promise<{ ok: true; leftRunning: string[] }> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  await new Promise<void>((resolve) => void setImmediate(resolve));
  let waitedMs = 0;
  while (newResources(before).length > 0 && waitedMs < SETTLE_MS) {
    await new Promise<void>((resolve) => void setTimeout(resolve, SETTLE_STEP_MS));
    waitedMs += SETTLE_STEP_MS;
  }
  return { ok: true, leftRunning: newResources(before) };
}

function newResources(before: readonly string[]): string[] {
  const old = [...before];
  return activeResources().filter((name) => {
    const index = old.indexOf(name);
    if (index === -1) return true;
    old.splice(index, 1);
    return false;
  });
}

function isReusable(guard: GlobalGuard, before: readonly string[]): boolean {
  try {
    return !disturbed && guard.isUntouched() && newResources(before).length === 0;
  } catch {
    return false; // something that this very check uses was replaced
  }
}

function catchStrayErrors(): void {
  const report = (kind: ChildErrorKind, thrown: unknown) => {
    disturbed = true;
    current?.fail(kind, thrown);
  };
  process.on("uncaughtException", (error) => report("throw", error));
  process.on("unhandledRejection", (reason) => report("unhandled_rejection", reason));
  // An exit would lose the place where it was called from. The process is not used again after this.
  process.exit = (code) => {
    const exit = new ProcessExit(code);
    report("exit", exit);
    throw exit;
  };
}
