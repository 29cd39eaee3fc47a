import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { type Json, validateDagSpec } from "@tradewind/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Dag, type Operator, type TemplateContext } from "../src/index.ts";
import { classifyError, runTask, toSpec } from "../src/internal.ts";
import { bash, empty, http, triggerDagRun } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";

let runtime: MemoryRuntime;
beforeEach(() => {
  runtime = new MemoryRuntime();
});

/** Runs an operator as a task of a DAG, and gives its XCom. */
async function run(operator: Operator<never, unknown>, inputs: Record<string, Json> = {}): Promise<unknown> {
  const dag = new Dag("d");
  const factory = dag.task(operator) as unknown as (inputs: object) => { taskId: string };
  const { taskId } = factory(inputs);
  validateDagSpec(toSpec(dag));
  runtime.context = { ...runtime.context, taskId };
  const { result } = await runTask(dag, taskId, { inputs, runtime });
  return result === undefined ? undefined : JSON.parse(result);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A killed process stays visible until its parent takes note of it.
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("bash", () => {
  it("logs both streams and results in the last line of stdout", async () => {
    expect(await run(bash("t", { command: "echo one; echo bad >&2; printf 'two é'" }))).toBe("two é");
    expect(runtime.lines("stdout")).toEqual(["one", "two é"]);
    expect(runtime.lines("stderr")).toEqual(["bad"]);
  });

  it("takes its templates from the context and the inputs", async () => {
    const command = ({ ds, inputs }: TemplateContext<{ file: string }>) => `echo ${ds} ${inputs.file} "$EXTRA" "$TRADEWIND_CTX_TASK_ID" "$HOME_WAS"`;
    const env = ({ params }: TemplateContext<{ file: string }>) => ({ EXTRA: params.region as string, HOME: undefined, HOME_WAS: "kept" });
    expect(await run(bash("t", { command, env }), { file: "a.csv" })).toBe("2026-01-31 a.csv eu t kept");
  });

  it("passes its own environment on, unless told not to", async () => {
    process.env.TRADEWIND_BASH_TEST = "seen";
    expect(await run(bash("t", { command: 'echo "<$TRADEWIND_BASH_TEST>"' }))).toBe("<seen>");
    expect(await run(bash("t", { command: 'echo "<$TRADEWIND_BASH_TEST>"', inheritEnv: false }))).toBe("<>");
    delete process.env.TRADEWIND_BASH_TEST;
  });

  it("runs in a directory of its own that is gone afterwards, or in the one given", async () => {
    const own = (await run(bash("t", { command: "touch made; pwd" }))) as string;
    expect(existsSync(own)).toBe(false);
    const given = mkdtempSync(join(tmpdir(), "sdk-bash-"));
    await run(bash("t", { command: "touch made", cwd: given }));
    expect(existsSync(join(given, "made"))).toBe(true);
  });

  it("makes another result with outputProcessor, and an empty one without output", async () => {
    expect(await run(bash("t", { command: "echo 41", outputProcessor: (line) => Number(line) + 1 }))).toBe(42);
    expect(await run(bash("t", { command: "true" }))).toBe("");
  });

  it.each<[string, object, string]>([
    ["exit 99", {}, "skip"],
    ["exit 3", { skipOnExitCode: [3, 4] }, "skip"],
    ["exit 99", { skipOnExitCode: null }, "error"],
    ["exit 1", {}, "error"],
    ["kill -9 $$", {}, "error"],
  ])("ends %j with %j as %s", async (command, options, kind) => {
    const thrown = await run(bash("t", { command, ...options })).catch((error: unknown) => error);
    expect(classifyError(thrown)).toMatchObject({ kind });
  });

  it("reads the encoding that the command writes", async () => {
    expect(await run(bash("t", { command: "printf 'se\\361or'", outputEncoding: "windows-1252" }))).toBe("señor");
    expect(() => bash("t", { command: "true", outputEncoding: "klingon" })).toThrow('"klingon", which is no known encoding');
  });

  it("names the directory that is missing", async () => {
    await expect(run(bash("t", { command: "true", cwd: "/does/not/exist" }))).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringContaining("the cwd exists"),
    });
  });

  it("stops the whole process group, also what ignores SIGTERM", async () => {
    const started = new Promise<number>((resolve) => {
      runtime.onLog = ({ message, stream }) => stream === "stdout" && resolve(Number(message));
    });
    const running = run(bash("t", { command: 'trap "" TERM; (trap "" TERM; echo $BASHPID; while true; do sleep 1; done) & wait' })).catch(
      (error: unknown) => error,
    );
    const grandchild = await started;
    expect(isAlive(grandchild)).toBe(true);
    runtime.controller.abort(new Error("cancelled by ann"));
    expect(await running).toMatchObject({ message: "cancelled by ann" });
    await until(() => !isAlive(grandchild));
  });

  it("ends with the task's process, even when that is killed at once", async () => {
    const program = `
      import { Dag } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
      import { runTask } from ${JSON.stringify(join(import.meta.dirname, "../src/internal.ts"))};
      import { bash } from ${JSON.stringify(join(import.meta.dirname, "../src/operators/index.ts"))};
      const dag = new Dag("d");
      dag.add(bash("t", { command: "trap '' TERM; echo $$; while true; do sleep 1; done" }));
      const runtime = { context: ${JSON.stringify(runtime.context)}, signal: new AbortController().signal, log: ({ stream, message }) => stream && console.log(message) };
      await runTask(dag, "t", { inputs: {}, runtime });
    `;
    const process = spawn(execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((resolve) => process.stdout.once("data", (line: Buffer) => resolve(Number(line.toString()))));
    expect(isAlive(pid)).toBe(true);
    process.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });

  it("leaves alone what the command left running on purpose", async () => {
    const pid = Number(await run(bash("t", { command: "sleep 30 >/dev/null 2>&1 & echo $!" })));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAlive(pid)).toBe(true);
    process.kill(pid);
  });

  it("splits a flood without newlines", async () => {
    await run(bash("t", { command: "head -c 200000 /dev/zero | tr '\\0' x", outputProcessor: () => null }));
    const lengths = runtime.lines("stdout").map((line) => line.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(65_536);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(200_000);
  });
});

describe("http", () => {
  let server: Server;
  let origin: string;
  let answer: (request: IncomingMessage, body: string, response: ServerResponse) => void;

  beforeEach(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk)).on("end", () => answer(request, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("sends what its templates say, and results in the answer", async () => {
    answer = (request, body, response) =>
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          type: request.headers["content-type"],
          extra: request.headers["x-extra"],
          body: JSON.parse(body),
        }),
      );
    const operator = http("t", {
      url: ({ ds }: TemplateContext<{ n: number }>) => `${origin}/rates?day=${ds}`,
      method: "post",
      headers: { "X-Extra": "1" },
      body: ({ inputs }: TemplateContext<{ n: number }>) => ({ n: inputs.n }),
    });
    expect(await run(operator, { n: 3 })).toEqual({
      method: "POST",
      url: "/rates?day=2026-01-31",
      type: "application/json",
      extra: "1",
      body: { n: 3 },
    });
  });

  it("takes host, credentials and headers from a connection", async () => {
    answer = (request, _body, response) => response.end(`${request.url} ${request.headers.authorization} ${String(request.headers["x-tenant"])}`);
    runtime.connections.set("chat", {
      connectionId: "chat",
      connType: "http",
      description: null,
      host: "127.0.0.1",
      port: Number(new URL(origin).port),
      login: "u",
      password: "p",
      schema: null,
      extra: { "x-tenant": "t1" },
    });
    expect(await run(http("t", { connection: "chat", url: "/messages", response: "text" }))).toBe(
      `/messages Basic ${Buffer.from("u:p").toString("base64")} t1`,
    );
  });

  it("filters and checks the answer", async () => {
    answer = (_request, _body, response) => response.setHeader("x-n", "2").end("[1,2,3]");
    expect(await run(http("t", { url: origin, responseFilter: (body, { headers }) => (body as number[]).length * Number(headers.get("x-n")) }))).toBe(
      6,
    );
    await expect(run(http("t", { url: origin, check: (body) => (body as number[]).length > 3 }))).rejects.toMatchObject({
      message: expect.stringContaining('The check of task "t" refused the answer'),
    });
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["a bad status", (response) => response.writeHead(503).end("try later"), /was answered with 503 Service Unavailable: try later/],
    ["no JSON", (response) => response.end("<html>"), /something that is not JSON: <html>/],
    ["a broken connection", (response) => response.destroy(), /got no answer: /],
  ])("fails on %s", async (_what, respond, message) => {
    answer = (_request, _body, response) => respond(response);
    await expect(run(http("t", { url: origin }))).rejects.toMatchObject({ code: "task_failed", message: expect.stringMatching(message) });
  });

  it("says what is no URL", async () => {
    await expect(run(http("t", { url: "rates" }))).rejects.toMatchObject({
      message: '"rates" is not a URL. Write it with https://, or name a connection.',
    });
  });

  it("gives up its request when the task is stopped", async () => {
    answer = () => runtime.controller.abort(new Error("timed out"));
    await expect(run(http("t", { url: origin }))).rejects.toThrow("timed out");
  });
});

describe("triggerDagRun", () => {
  it("starts a run and does not wait", async () => {
    expect(await run(triggerDagRun("t", { dagId: "next", conf: ({ ds }) => ({ day: ds }), logicalDate: ({ ts }) => ts, runId: "mine" }))).toEqual({
      dagId: "next",
      runId: "mine",
      state: "queued",
    });
    expect(runtime.triggered).toEqual([{ dagId: "next", conf: { day: "2026-01-31" }, logicalDate: "2026-01-31T06:00:00.000Z", runId: "mine" }]);
  });

  it("waits until the run has ended well", async () => {
    runtime.states = ["queued", "running", "success"];
    expect(await run(triggerDagRun("t", { dagId: "next", waitForCompletion: true, pokeInterval: 1 }))).toMatchObject({ state: "success" });
  });

  it("fails when the run has failed, unless that is allowed", async () => {
    runtime.states = ["failed"];
    const options = { dagId: "next", waitForCompletion: true, pokeInterval: 1 };
    await expect(run(triggerDagRun("t", options))).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringContaining('is "failed", so task "t" fails'),
    });
    expect(await run(triggerDagRun("t", { ...options, failedStates: [], allowedStates: ["failed"] }))).toMatchObject({ state: "failed" });
  });

  it("stops waiting when the task is stopped", async () => {
    runtime.states = ["running"];
    runtime.onLog = ({ level }) => level === "debug" && runtime.controller.abort();
    await expect(run(triggerDagRun("t", { dagId: "next", waitForCompletion: true, pokeInterval: "1h" }))).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  it("refuses to look without a pause", () => {
    expect(() => triggerDagRun("t", { dagId: "next", pokeInterval: 0 })).toThrow(/"pokeInterval" of task "t" is zero/);
  });
});

describe("operators in a DAG", () => {
  it("keep their name and options, and can be mapped", () => {
    const dag = new Dag("d");
    const zip = dag.task(
      bash("zip", { command: ({ inputs }: TemplateContext<{ file: string }>) => `gzip ${inputs.file}`, retries: 2, pool: "disk" }),
    );
    zip.expand({ file: ["a", "b"] });
    dag.taskGroup("g").add(empty("done", { triggerRule: "all_done" }));
    const [first, second] = validateDagSpec(toSpec(dag)).tasks;
    expect(first).toMatchObject({
      taskId: "zip",
      operator: "bash",
      kind: "task",
      retries: 2,
      pool: "disk",
      mapping: { inputs: { file: { kind: "value", value: ["a", "b"] } } },
    });
    expect(second).toMatchObject({ taskId: "g.done", operator: "empty", kind: "empty", triggerRule: "all_done" });
  });
});
