import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "@tradewind/core";
import { type OutputSink, readContainerOutput } from "./container-output.ts";
import type { DockerClient } from "./docker-client.ts";

/** A container that has ended says nothing more: who follows it has had all of it, or is not being told. */
const QUIET_AFTER_END_MS = 2_000;

/** What an engine does not give in this time, of a container that has ended, it does not give. */
const READ_REST_MS = 5 * 60_000;

/** What goes wrong with the log, told in words. The container's end still tells how it went. */
export type LogTrouble = (message: string) => void;

/**
 * The log of one container, line by line, while it runs: each line once, and none is missing when the container has ended.
 *
 * An engine's follower alone does not promise that. Podman's now and then never hears of the end of a container that was quick, and stops before the last lines of one that has ended already.
 */
export class ContainerLog {
  readonly #client: DockerClient;
  readonly #path: string;
  readonly #sink: OutputSink;
  readonly #trouble: LogTrouble;
  readonly #passedOn = { stdout: 0, stderr: 0 };
  readonly #last = { stdout: "", stderr: "" };
  readonly #hangUp = new AbortController();
  #heardAtMs = 0;
  #followed: Promise<boolean> = Promise.resolve(false);

  constructor(client: DockerClient, containerId: string, sink: OutputSink, trouble: LogTrouble) {
    this.#client = client;
    this.#path = `/containers/${containerId}/logs`;
    this.#sink = sink;
    this.#trouble = trouble;
  }

  /** Begins to pass lines on. */
  follow(): void {
    this.#followed = this.#readWhileItRuns().then(
      () => true,
      (error: unknown) => {
        if (!this.#hangUp.signal.aborted) this.#trouble(`Its output can't be followed any more: ${errorMessage(error)}`);
        return false;
      },
    );
  }

  /** Passes on what is left. The container has ended. Never rejects. */
  async finish(): Promise<void> {
    const hasEnd = (await this.#followedToItsEnd()) && (await this.#hasLastLine().catch(() => true));
    if (!hasEnd) await this.#readRest().catch((error: unknown) => this.#trouble(`The rest of its output can't be read: ${errorMessage(error)}`));
  }

  async #readWhileItRuns(): Promise<void> {
    const chunks = await this.#read({ follow: 1 }, this.#hangUp.signal);
    await readContainerOutput(this.#heard(chunks), (stream, line) => this.#passOn(stream, line));
  }

  async *#heard(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#heardAtMs = performance.now();
      yield chunk;
    }
  }

  /** False: the follower failed, or was hung up on since it said nothing more. */
  async #followedToItsEnd(): Promise<boolean> {
    this.#heardAtMs = performance.now();
    const watch = new AbortController();
    try {
      const quiet = this.#untilQuiet(watch.signal).catch(() => false);
      return await Promise.race([this.#followed, quiet]);
    } finally {
      watch.abort();
    }
  }

  async #untilQuiet(signal: AbortSignal): Promise<boolean> {
    for (let left = QUIET_AFTER_END_MS; left > 0; left = this.#heardAtMs + QUIET_AFTER_END_MS - performance.now())
      await sleep(left, undefined, { signal });
    this.#hangUp.abort();
    await this.#followed;
    return false;
  }

  async #hasLastLine(): Promise<boolean> {
    const last: { stdout?: string; stderr?: string } = {};
    await readContainerOutput(await this.#read({ tail: 1 }), (stream, line) => (last[stream] = line));
    return (["stdout", "stderr"] as const).every((stream) => last[stream] === undefined || last[stream] === this.#last[stream]);
  }

  /** The log of a container that has ended is the same each time: the lines that were passed on are its first ones. */
  async #readRest(): Promise<void> {
    const known = { ...this.#passedOn };
    await readContainerOutput(await this.#read({}), (stream, line) => {
      if (known[stream] > 0) known[stream] -= 1;
      else this.#passOn(stream, line);
    });
  }

  #read(query: Record<string, number>, signal = AbortSignal.timeout(READ_REST_MS)): Promise<AsyncIterable<Uint8Array>> {
    return this.#client.stream("GET", this.#path, { query: { ...query, stdout: 1, stderr: 1 }, signal });
  }

  #passOn(stream: "stdout" | "stderr", line: string): void {
    this.#passedOn[stream] += 1;
    this.#last[stream] = line;
    this.#sink(stream, line);
  }
}
