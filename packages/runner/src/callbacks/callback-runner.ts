import { join } from "node:path";
import type { AttemptContext } from "@tradewind/contract";
import type { AttemptApiClient } from "@tradewind/contract/client";
import { formatDuration } from "@tradewind/core";
import { answerAuthorCall, refusalOf, replyOf } from "../host/author-calls.ts";
import { BundleCache } from "../host/bundle-cache.ts";
import { childEnv } from "../host/child-env.ts";
import { ChildLedger } from "../host/child-ledger.ts";
import { type ChildExit, ChildProcessHandle } from "../host/child-process.ts";
import { ChildPrograms } from "../host/child-programs.ts";
import { LineAssembler } from "../host/line-assembler.ts";
import { SecretMasker } from "../host/secret-masker.ts";
import type { CallbackEvent, CallbackProblem, FromChild } from "../protocol/messages.ts";

export interface CallbackRunnerOptions {
  /** Folder for bundles and the list of child processes; of one process only. */
  stateDir: string;
  /** @throws when there is no such bundle */
  download(sha256: string): Promise<Buffer>;
  /** Names of environment variables that author code may see, besides the fixed list. */
  passEnv?: readonly string[];
  memoryLimitMb?: number | null;
}

/** One event whose callbacks are to be called. */
export interface CallbackJob {
  bundleSha256: string;
  resolveFrom: string[];
  context: AttemptContext;
  event: CallbackEvent;
  /** Answers what author code asks for. */
  api: AttemptApiClient;
  timeoutMs: number;
}

export interface CallbackResult {
  problem: CallbackProblem | null;
  /** What it printed and logged, masked; the end of it. */
  output: string;
  durationMs: number;
}

/** Of the output that is kept. */
const MAX_OUTPUT_LENGTH = 16_384;

/** Calls callbacks of authors outside of their attempts: each event in a fresh child process, which gets no token, no address and no credentials. */
export class CallbackRunner {
  readonly #options: CallbackRunnerOptions;
  readonly #bundles: BundleCache;
  readonly #ledger: ChildLedger;
  readonly #programs: ChildPrograms;
  readonly #children = new Set<ChildProcessHandle>();
  #leftovers: Promise<number> | undefined;

  constructor(options: CallbackRunnerOptions) {
    this.#options = options;
    this.#bundles = new BundleCache(join(options.stateDir, "bundles"), (sha256) => options.download(sha256));
    this.#ledger = new ChildLedger(join(options.stateDir, "callback-children"));
    // Rare enough that a slower start tells nobody anything.
    this.#programs = new ChildPrograms({ stateDir: options.stateDir });
  }

  /** Never rejects: whatever goes wrong is the result's problem. */
  async run(job: CallbackJob): Promise<CallbackResult> {
    const startedAt = performance.now();
    const output = new OutputTail(MAX_OUTPUT_LENGTH);
    const end = (problem: CallbackProblem | null): CallbackResult => ({ problem, output: output.text(), durationMs: performance.now() - startedAt });
    try {
      await (this.#leftovers ??= this.#ledger.killLeftovers());
      const [bundlePath] = await Promise.all([this.#bundles.path(job.bundleSha256), this.#programs.ready()]);
      return end(await this.#runInChild(job, bundlePath, output));
    } catch (error) {
      return end({ message: `The callback could not be started: ${error instanceof Error ? error.message : String(error)}`, failedCalls: null });
    }
  }

  /** Ends what runs: their requests are due again after their time. */
  stop(): void {
    this.#programs.close();
    for (const child of this.#children) child.end();
  }

  #runInChild(job: CallbackJob, bundlePath: string, output: OutputTail): Promise<CallbackProblem | null> {
    const masker = new SecretMasker();
    return new Promise((resolve) => {
      let answer: CallbackProblem | null | undefined;
      let why: string | undefined;
      const child = new ChildProcessHandle(
        {
          env: childEnv(process.env, this.#options.passEnv ?? []),
          program: this.#programs.current(),
          compileCacheDir: this.#programs.compileCacheDir,
          memoryLimitMb: this.#options.memoryLimitMb ?? null,
          maxResultBytes: 1024 * 1024,
        },
        {
          onMessage: (_child, message) => {
            if (message.kind === "called") {
              answer = message.problem === null ? null : { ...message.problem, message: masker.maskText(message.problem.message) };
              // What it printed by other descriptors comes with its end.
              child.signalGroup("SIGTERM");
            } else this.#onMessage(child, message, { job, masker, output });
          },
          onPrinted: (_child, stream, bytes) => output.assembler(stream, masker).pushBytes(bytes),
          onGone: (_child, exit) => {
            clearTimeout(timer);
            this.#children.delete(child);
            output.end();
            resolve(answer === undefined ? { message: why ?? messageOfExit(exit), failedCalls: null } : answer);
          },
        },
      );
      const timer = setTimeout(() => {
        why = `It ran longer than ${formatDuration(job.timeoutMs)}, and was stopped.`;
        child.signalGroup("SIGKILL");
      }, job.timeoutMs);
      this.#children.add(child);
      if (child.pid !== undefined) void this.#ledger.record(child.pid, () => [...this.#children].flatMap(({ pid }) => pid ?? []));
      child.send({ kind: "callback", seq: child.seq, context: job.context, bundlePath, resolveFrom: job.resolveFrom, event: job.event });
    });
  }

  #onMessage(
    child: ChildProcessHandle,
    message: FromChild,
    { job, masker, output }: { job: CallbackJob; masker: SecretMasker; output: OutputTail },
  ): void {
    if (message.kind === "out") output.assembler(message.stream, masker).pushText(message.text);
    else if (message.kind === "log") output.add(`${message.level.toUpperCase()} ${masker.maskText(message.message)}`);
    else if (message.kind === "call")
      void answerAuthorCall(message, job.api, masker).then(
        (value) => child.send(replyOf(message.call, value)),
        (error: unknown) => child.send(refusalOf(message.call, error)),
      );
  }
}

function messageOfExit({ code, signal, lastWords }: ChildExit): string {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
  const words = lastWords.trim() === "" ? "" : ` It said: ${lastWords.trim().slice(-500)}`;
  return `Its process ${how} before it had ended.${words}`;
}

/** The end of what a process prints. */
class OutputTail {
  readonly #maxLength: number;
  readonly #assemblers = new Map<string, LineAssembler>();
  #text = "";

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  add(line: string): void {
    this.#text = `${this.#text}${line}\n`.slice(-2 * this.#maxLength);
  }

  assembler(stream: string, masker: SecretMasker): LineAssembler {
    let assembler = this.#assemblers.get(stream);
    if (assembler === undefined) this.#assemblers.set(stream, (assembler = new LineAssembler(masker, (line) => this.add(line))));
    return assembler;
  }

  end(): void {
    for (const assembler of this.#assemblers.values()) assembler.end();
  }

  text(): string {
    // PostgreSQL's text holds no NUL.
    return this.#text.replaceAll("\0", "\uFFFD").slice(-this.#maxLength);
  }
}
