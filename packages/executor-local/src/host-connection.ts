import { createConnection, type Socket } from "node:net";
import { HOST_CONTROL_VERSION, HostControlAnswer, HostControlEvent, type HostControlRequest } from "@tradewind/contract";
import { TradewindError } from "@tradewind/core";

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type ControlRequest = WithoutId<HostControlRequest>;
export type Hello = NonNullable<HostControlAnswer["hello"]>;

/** A host that is alive answers within milliseconds, unless the machine is in great trouble. */
const ANSWER_TIMEOUT_MS = 10_000;

interface Pending {
  resolve(answer: HostControlAnswer): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** One conversation with the runner host over its unix socket. */
export class HostConnection {
  readonly hello: Hello;
  readonly #socket: Socket;
  readonly #talk: Talk;

  private constructor(socket: Socket, talk: Talk, hello: Hello) {
    this.#socket = socket;
    this.#talk = talk;
    this.hello = hello;
  }

  /**
   * Connects and says hello. Resolves to undefined when no host listens there, or one that ends and closed before it answered.
   * @throws TradewindError `executor_failed` when something listens that does not answer as a host does
   */
  static async open(socketPath: string, executionApiUrl: string): Promise<HostConnection | undefined> {
    const socket = await connect(socketPath);
    if (socket === undefined) return undefined;
    const talk = new Talk(socket);
    try {
      const answer = await talk.ask({ op: "hello", version: HOST_CONTROL_VERSION, executionApiUrl });
      if (answer.hello === undefined)
        throw new TradewindError("executor_failed", `The runner host at ${socketPath} answered hello without saying who it is.`);
      return new HostConnection(socket, talk, answer.hello);
    } catch (error) {
      if (talk.isClosed) return undefined;
      socket.destroy();
      throw error;
    }
  }

  /** Events come one at a time, in order. `onClosed` is called once, when the host has gone or the connection was closed. */
  listen(onEvent: (event: HostControlEvent) => void, onClosed: () => void): void {
    this.#talk.onEvent = onEvent;
    if (this.#socket.closed) onClosed();
    else this.#socket.once("close", onClosed);
  }

  ask(request: ControlRequest): Promise<HostControlAnswer> {
    return this.#talk.ask(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Resolves when the other side has closed, or after `timeoutMs`: false. */
  async closed(timeoutMs: number): Promise<boolean> {
    if (this.#socket.closed) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#socket.once("close", () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

/** Requests and their answers, by id; whatever has no id is an event. */
class Talk {
  onEvent: (event: HostControlEvent) => void = () => undefined;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #rest = "";
  readonly #lines: string[] = [];
  #isPausing = false;
  /** The other side is gone, or was never more than a connection that nobody accepted. */
  isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("close", () => this.#fail("the connection to the runner host was closed"));
  }

  ask(request: ControlRequest): Promise<HostControlAnswer> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (!this.#socket.writable)
        return reject(new TradewindError("executor_failed", `The runner host could not be asked to ${request.op}: it is not connected.`));
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new TradewindError("executor_failed", `The runner host did not answer to ${request.op} within ${ANSWER_TIMEOUT_MS} ms.`));
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    this.#lines.push(...lines);
    if (!this.#isPausing) this.#takeLines();
  }

  // Whoever waits for an answer acts on it before what was said after it is heard: else an attempt that ended since would be taken for one that the host has.
  #takeLines(): void {
    this.#isPausing = false;
    for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
      const isAnswer = this.#onLine(JSON.parse(line) as Record<string, unknown>);
      if (!isAnswer || this.#lines.length === 0) continue;
      this.#isPausing = true;
      setImmediate(() => this.#takeLines());
      return;
    }
  }

  /** Gives whether it was an answer. */
  #onLine(message: Record<string, unknown>): boolean {
    if (!("id" in message)) {
      // A newer host may tell what this release does not know.
      const event = HostControlEvent.safeParse(message);
      if (event.success) this.onEvent(event.data);
      return false;
    }
    const answer = HostControlAnswer.parse(message);
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    clearTimeout(pending?.timer);
    if (answer.ok) pending?.resolve(answer);
    else pending?.reject(new TradewindError("executor_failed", `The runner host refused: ${answer.message ?? "it did not say why"}.`));
    return true;
  }

  #fail(why: string): void {
    this.isClosed = true;
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new TradewindError("executor_failed", `No answer: ${why}.`));
    }
    this.#pending.clear();
  }
}

/** undefined: nobody listens (no file, or a file that a dead host left). */
function connect(socketPath: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    const onError = (error: NodeJS.ErrnoException) => (error.code === "ENOENT" || error.code === "ECONNREFUSED" ? resolve(undefined) : reject(error));
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      // The close that follows tells everything.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}
