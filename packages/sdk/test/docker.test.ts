import { mkdtempSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operator } from "../src/index.ts";
import { docker } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { runOperator } from "./run-operator.ts";

/**
 * A server on a socket file that answers as Docker's API does, with answers recorded from an engine. It shows what is sent, and what becomes of answers that a real engine gives rarely;
 * docker-podman.test.ts runs real containers where it can.
 */
class RecordedEngine {
  readonly socketPath = join(mkdtempSync(join(tmpdir(), "sdk-docker-")), "api.sock");
  readonly calls: { call: string; body: unknown; headers: IncomingMessage["headers"] }[] = [];
  /** By `METHOD /path` without the query; a number is a status. */
  answers: Record<string, number | string | object | ((response: ServerResponse, query: URLSearchParams) => void)> = {};
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  of(call: string) {
    return this.calls.find((one) => one.call.startsWith(call));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${decodeURIComponent(request.url!)}`;
    const body = await text(request);
    this.calls.push({ call, body: body === "" ? null : JSON.parse(body), headers: request.headers });
    const answer = this.answers[`${request.method} ${request.url!.split("?")[0]}`] ?? {};
    if (typeof answer === "function") answer(response, new URLSearchParams(request.url!.split("?")[1]));
    else if (typeof answer === "number") response.writeHead(answer).end(JSON.stringify({ message: "no such thing" }));
    else response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }
}

/** What a log holds: a line of stdout each. */
const linesOf = (...lines: string[]) => lines.map((line) => frame(1, Buffer.from(`${line}\n`)));

function frame(stream: 1 | 2, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

let engine: RecordedEngine;
let runtime: MemoryRuntime;
beforeEach(async () => {
  engine = await new RecordedEngine().start();
  runtime = new MemoryRuntime();
  const fields = { description: null, port: null, login: null, password: null, schema: null, extra: {} };
  runtime.connections.set("engine", { connectionId: "engine", connType: "docker", host: engine.socketPath, ...fields });
  engine.answers = {
    "POST /containers/create": { Id: "c0ffee000000beef", Warnings: [] },
    "POST /containers/c0ffee000000beef/start": (response) => response.writeHead(204).end(),
    "POST /containers/c0ffee000000beef/wait": { StatusCode: 0 },
    "GET /containers/json": [],
    "GET /containers/c0ffee000000beef/logs": (response) => response.end(),
  };
});
afterEach(() => engine.stop());

const run = (operator: Operator<never, unknown>) => runOperator(runtime, operator);
const base = { image: "registry.example.com:5000/team/train:4", connection: "engine" };

describe("docker", () => {
  it("says to the API what the options say", async () => {
    const operator = docker("t", {
      ...base,
      command: ["train", "--day"],
      env: { A: "1" },
      mounts: [
        { source: "/data", target: "/in", readOnly: true },
        { target: "/tmp", type: "tmpfs" },
      ],
      memory: "512m",
      cpus: 0.5,
      network: "none",
      workingDir: "/app",
      user: "1000:1000",
      containerName: ({ ds }) => `train-${ds}`,
      labels: { team: "ml" },
      hostConfig: { ShmSize: 1000 },
    });
    await run(operator);
    expect(engine.calls.map(({ call }) => call.split("?")[0])).toEqual([
      "GET /images/registry.example.com:5000/team/train:4/json",
      "GET /containers/json",
      "POST /containers/create",
      "POST /containers/c0ffee000000beef/start",
      "GET /containers/c0ffee000000beef/logs",
      "POST /containers/c0ffee000000beef/wait",
      "GET /containers/c0ffee000000beef/logs",
      "DELETE /containers/c0ffee000000beef",
    ]);
    const create = engine.of("POST /containers/create")!;
    expect(create.call).toBe("POST /containers/create?name=train-2026-01-31");
    expect(create.body).toEqual({
      Image: base.image,
      Cmd: ["train", "--day"],
      Env: ["A=1"],
      WorkingDir: "/app",
      User: "1000:1000",
      Labels: {
        team: "ml",
        "tradewind.dag_id": "d",
        "tradewind.run_id": "manual__1",
        "tradewind.task_id": "t",
        "tradewind.map_index": "-1",
        "tradewind.attempt_id": "0199",
      },
      HostConfig: {
        Memory: 536_870_912,
        NanoCpus: 500_000_000,
        NetworkMode: "none",
        Mounts: [
          { Type: "bind", Source: "/data", Target: "/in", ReadOnly: true },
          { Type: "tmpfs", Target: "/tmp", ReadOnly: false },
        ],
        ShmSize: 1000,
      },
    });
  });

  it("puts frames together, however they are cut", async () => {
    const bytes = Buffer.concat([
      frame(1, Buffer.from("one\ntw")),
      frame(2, Buffer.from("bad")),
      frame(1, Buffer.from("o ñ").subarray(0, 3)),
      frame(1, Buffer.from([0xb1])),
      frame(1, Buffer.alloc(0)),
    ]);
    engine.answers["GET /containers/c0ffee000000beef/logs"] = (response) => {
      const send = (from: number): unknown =>
        from >= bytes.length ? response.end() : response.write(bytes.subarray(from, from + 3), () => setImmediate(send, from + 3));
      send(0);
    };
    expect(await run(docker("t", { ...base, xcomAll: true }))).toEqual(["one", "two ñ"]);
    expect(runtime.lines("stderr")).toEqual(["bad"]);
  });

  it("goes on when the engine never ends the log that is followed, as Podman does now and then", async () => {
    engine.answers["GET /containers/c0ffee000000beef/logs"] = (response, query) => {
      const [first, ...others] = linesOf("one", "two", "three");
      if (query.has("follow")) response.write(first);
      else response.end(Buffer.concat([first!, ...others]));
    };
    expect(await run(docker("t", { ...base, xcomAll: true }))).toEqual(["one", "two", "three"]);
    expect(runtime.lines("stdout")).toEqual(["one", "two", "three"]);
  });

  it("reads what the engine left out of the log that was followed", async () => {
    const lines = linesOf("one", "one", "two");
    engine.answers["GET /containers/c0ffee000000beef/logs"] = (response, query) =>
      response.end(Buffer.concat(query.has("follow") ? lines.slice(0, 1) : query.has("tail") ? lines.slice(2) : lines));
    expect(await run(docker("t", { ...base, xcomAll: true }))).toEqual(["one", "one", "two"]);
    expect(runtime.lines("stdout")).toEqual(["one", "one", "two"]);
  });

  it("pulls with the connection's login, and tells what the registry said", async () => {
    const connection = runtime.connections.get("engine")!;
    runtime.connections.set("engine", { ...connection, login: "robot", password: "hush", extra: { registry: "registry.example.com" } });
    engine.answers[`GET /images/${base.image}/json`] = 404;
    engine.answers["POST /images/create"] =
      '{"status":"Pulling","id":"4"}\r\n{"status":"Downloading","progressDetail":{"current":1},"id":"a"}\r\n{"status":"Digest: x"}\r\n';
    await run(docker("t", base));
    const { call, headers } = engine.of("POST /images/create")!;
    expect(call).toBe("POST /images/create?fromImage=registry.example.com:5000/team/train&tag=4");
    expect(JSON.parse(Buffer.from(headers["x-registry-auth"] as string, "base64url").toString())).toEqual({
      username: "robot",
      password: "hush",
      serveraddress: "registry.example.com",
    });
    expect(runtime.lines()).toEqual(expect.arrayContaining(["4: Pulling", "Digest: x"]));
    expect(JSON.stringify(runtime.entries)).not.toContain("hush");
    engine.answers["POST /images/create"] = '{"status":"Pulling"}\n{"errorDetail":{"message":"denied"},"error":"denied"}\n';
    await expect(run(docker("t", base))).rejects.toThrow(/could not be pulled by the engine at .*: denied\. Check the image's name, and the login/);
  });

  it.each([
    ["app", "fromImage=app&tag=latest"],
    ["localhost:5000/app", "fromImage=localhost:5000/app&tag=latest"],
    ["app@sha256:abc", "fromImage=app@sha256:abc"],
  ])("asks for the image %s as %s", async (image, query) => {
    await run(docker("t", { ...base, image, pull: "always" }));
    expect(engine.of("POST /images/create")!.call).toBe(`POST /images/create?${query}`);
  });

  it("says when memory was what ended the container", async () => {
    engine.answers["POST /containers/c0ffee000000beef/wait"] = { StatusCode: 137 };
    engine.answers["GET /containers/c0ffee000000beef/json"] = { State: { OOMKilled: true } };
    await expect(run(docker("t", base))).rejects.toThrow(
      'The container of task "t" ended with exit code 137: it used more memory than its limit allows.',
    );
    expect(engine.of("DELETE /containers/c0ffee000000beef")).toBeDefined();
  });

  it("removes the container when it can't be started, and says why it can't", async () => {
    engine.answers["POST /containers/c0ffee000000beef/start"] = 500;
    await expect(run(docker("t", base))).rejects.toThrow("The Docker API refused POST /containers/c0ffee000000beef/start with 500: no such thing");
    expect(engine.of("DELETE /containers/c0ffee000000beef")).toBeDefined();
  });

  it("goes on without the output when it can't be followed", async () => {
    engine.answers["GET /containers/c0ffee000000beef/logs"] = 500;
    expect(await run(docker("t", base))).toBe("");
    expect(runtime.lines().some((line) => line.startsWith("Its output can't be followed any more"))).toBe(true);
  });

  it("names an engine that is not there", async () => {
    await engine.stop();
    await expect(run(docker("t", base))).rejects.toThrow(
      new RegExp(`The Docker API at ${engine.socketPath} can't be reached: .*set DOCKER_HOST or a connection`),
    );
    runtime.connections.set("engine", { ...runtime.connections.get("engine")!, host: "ssh://builder" });
    await expect(run(docker("t", base))).rejects.toThrow(
      'has the address "ssh://builder". Write it as unix:///path/to/docker.sock, or tcp://name:2375.',
    );
    await engine.start();
  });

  it("refuses a memory limit that can't be read", () => {
    expect(() => docker("t", { image: "a", memory: "much" })).toThrow('Option "memory" of task "t" is "much"');
  });
});
