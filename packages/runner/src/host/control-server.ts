import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { HOST_CONTROL_VERSION, type HostControlAnswer, type HostControlEvent, HostControlRequest } from "@tradewind/contract";
import { LineReader } from "../protocol/line-reader.ts";
import type { HostChange, HostLogger } from "./host-options.ts";
import type { HostTrouble } from "./reachability.ts";
import type { RunnerHost } from "./runner-host.ts";

const MAX_LINE_BYTES = 64 * 1024 * 1024;
const ASK_AGAIN_AFTER_MS = 1_000;

export interface ControlServerOptions {
  socketPath: string;
  hostId: string;
  executionApiUrl: string;
  logger: HostLogger;
  onStop(options: { drain: boolean; timeoutMs: number }): void;
}

/** The host's end of the control protocol (see the contract's `host-control`). */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #greeted = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  #executionApiUrl: string;
  #host: RunnerHost | null = null;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#executionApiUrl = options.executionApiUrl;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Also of those that have not said hello yet. */
  get connections(): number {
    return this.#sockets.size;
  }

  async listen(host: RunnerHost): Promise<void> {
    this.#host = host;
    // Whoever started this process holds the lock of the folder: a socket that is there belongs to a host that died.
    rmSync(this.#options.socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.socketPath, resolve);
    });
    chmodSync(this.#options.socketPath, 0o600);
  }

  changed(change: HostChange): void {
    if (this.#host !== null) this.#tell({ event: "changed", ...change, load: this.#host.load() });
  }

  tokenWanted(): void {
    this.#tell({ event: "token_wanted" });
  }

  trouble(trouble: HostTrouble): void {
    const executionApiUrl = this.#executionApiUrl;
    this.#options.logger.error({ executionApiUrl, ...trouble }, "the execution API can't be used; attempts wait");
    if (this.#host !== null) this.#tell({ event: "trouble", executionApiUrl, ...trouble, load: this.#host.load() });
  }

  recovered(doing: string, afterMs: number): void {
    this.#options.logger.info({ doing, afterMs }, "the execution API can be used again");
    this.#tell({ event: "recovered", doing, afterMs });
  }

  stopping(): void {
    this.#tell({ event: "stopping" });
  }

  /** From this turn on nobody can connect; those who have are served. The socket's file goes with it, so that another host may take the place. */
  closeDoor(): void {
    this.#server.close();
  }

  /** The socket's file goes with it. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroySoon();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #tell(event: HostControlEvent): void {
    for (const socket of this.#greeted) write(socket, event);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new LineReader((line) => this.#onLine(socket, line), MAX_LINE_BYTES);
    socket.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#options.logger.warn({ error: String(error) }, "a control connection was closed: it does not speak the protocol");
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      // Who is gone may have begun attempts here and not come to telling of them: their leases would run out before another scheduler has come.
      if (this.#greeted.delete(socket)) this.#catchUpWithoutThem(this.#host!);
    });
  }

  #onLine(socket: Socket, line: string): void {
    const request = HostControlRequest.parse(JSON.parse(line));
    const answer = this.#answer(socket, request);
    if (answer instanceof Promise) void answer.then((late) => write(socket, late));
    else write(socket, answer);
  }

  #answer(socket: Socket, request: HostControlRequest): HostControlAnswer | Promise<HostControlAnswer> {
    const { id } = request;
    const host = this.#host!;
    if (request.op !== "hello" && !this.#greeted.has(socket)) return { id, ok: false, message: "the first request must be hello" };
    switch (request.op) {
      case "hello":
        return this.#greet(socket, host, request);
      case "submit":
        host.deliver(request.commands);
        return { id, ok: true };
      case "cancel":
        host.cancel(request.attempts);
        return { id, ok: true };
      case "list":
        return { id, ok: true, attempts: host.list() };
      case "begin":
        host.begin(request.grants, performance.now() - Math.max(0, Number(process.hrtime.bigint()) / 1e6 - request.leasedAtMs));
        return { id, ok: true };
      case "token":
        host.setHostToken(request.hostToken);
        return { id, ok: true };
      case "stop":
        this.#options.onStop({ drain: request.drain, timeoutMs: request.timeoutMs });
        return { id, ok: true };
      case "catch_up":
        return this.#catchUp(id, host);
    }
  }

  /** And once more: what they had sent to be committed may be committed a moment later. */
  #catchUpWithoutThem(host: RunnerHost): void {
    const ask = (): void => void host.catchUp().catch(() => undefined);
    ask();
    setTimeout(ask, ASK_AGAIN_AFTER_MS).unref();
  }

  async #catchUp(id: number, host: RunnerHost): Promise<HostControlAnswer> {
    try {
      await host.catchUp();
      return { id, ok: true, attempts: host.list() };
    } catch (error) {
      return { id, ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #greet(socket: Socket, host: RunnerHost, request: Extract<HostControlRequest, { op: "hello" }>): HostControlAnswer {
    const { id } = request;
    if (request.version !== HOST_CONTROL_VERSION)
      return { id, ok: false, message: `this host speaks version ${HOST_CONTROL_VERSION} of the control protocol, not ${request.version}` };
    host.setExecutionApi(request.executionApiUrl);
    this.#executionApiUrl = request.executionApiUrl;
    this.#greeted.add(socket);
    return {
      id,
      ok: true,
      hello: {
        version: HOST_CONTROL_VERSION,
        hostId: this.#options.hostId,
        pid: process.pid,
        load: host.load(),
        attempts: host.list(),
        begins: true,
      },
    };
  }
}

function write(socket: Socket, message: HostControlAnswer | HostControlEvent): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
