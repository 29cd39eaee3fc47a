import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Dag, type TaskCallbackFunction } from "../src/index.ts";
import { runDagCallbacks, runTaskCallbacks, type TaskCallbackFacts } from "../src/internal.ts";
import { type Notifier, slackNotifier, smtpNotifier, webhookNotifier } from "../src/notifiers/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

let server: Server;
let received: Received[];
let answer: { status: number; body: string };
let runtime: MemoryRuntime;
let base: string;

beforeEach(async () => {
  received = [];
  answer = { status: 200, body: "ok" };
  runtime = new MemoryRuntime();
  runtime.context = { ...runtime.context, dagId: "sales", taskId: "load" };
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ path: request.url!, headers: request.headers, body: body === "" ? null : JSON.parse(body) });
      if (answer.status > 0) response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const failure: TaskCallbackFacts = { error: { type: "Error", message: "connection refused", stack: "Error: connection refused\n    at load.ts:3" } };

async function tell(notifier: Notifier, facts: TaskCallbackFacts = failure) {
  const dag = new Dag("sales");
  dag.task("load", async () => 1, { onFailure: notifier satisfies TaskCallbackFunction })();
  const report = await runTaskCallbacks(dag, "load", "failure", runtime, facts);
  return report.failures[0]?.message;
}

const connection = (fields: object) => ({
  connectionId: "c",
  connType: "",
  description: null,
  host: null,
  port: null,
  login: null,
  password: null,
  schema: null,
  extra: {},
  ...fields,
});

describe("webhookNotifier", () => {
  it("sends what happened as JSON", async () => {
    expect(await tell(webhookNotifier({ url: `${base}/hook`, headers: { "x-key": "k" } }))).toBeUndefined();
    expect(received).toMatchObject([
      {
        path: "/hook",
        headers: { "content-type": "application/json", "x-key": "k" },
        body: {
          level: "task",
          event: "failure",
          text: 'Task "load" of DAG "sales" failed on try 2: connection refused (run manual__1)',
          dagId: "sales",
          taskId: "load",
          tryNumber: 2,
          error: { type: "Error", message: "connection refused" },
        },
      },
    ]);
  });

  it("takes address and login from a connection, and a body of one's own", async () => {
    runtime.connections.set("c", connection({ connType: "http", host: base, login: "ann", password: "pw" }));
    expect(await tell(webhookNotifier({ connection: "c", url: "/alerts", body: ({ ds }) => ({ day: ds }) }))).toBeUndefined();
    expect(received).toMatchObject([{ path: "/alerts", headers: { authorization: `Basic ${btoa("ann:pw")}` }, body: { day: "2026-01-31" } }]);
  });

  it("may be a callback of a DAG", async () => {
    const dag = new Dag("sales", { onFailure: webhookNotifier({ url: base }) });
    const facts = { state: "failed", reason: "task_failure", task: { taskId: "load", mapIndex: 3, state: "failed" } } as const;
    expect((await runDagCallbacks(dag, "failure", runtime, facts)).failures).toEqual([]);
    expect(received).toMatchObject([
      {
        body: {
          level: "dag",
          text: 'DAG "sales" failed: task_failure, task "load[3]" is failed (run manual__1)',
          taskId: "load",
          mapIndex: 3,
          tryNumber: null,
        },
      },
    ]);
  });

  it("fails on other answers than 2xx, without an answer, and without a server", async () => {
    answer = { status: 500, body: "no room" };
    expect(await tell(webhookNotifier({ url: base }))).toBe(`webhookNotifier() was answered by ${base} with status 500: no room.`);
    answer = { status: 0, body: "" };
    expect(await tell(webhookNotifier({ url: base, timeout: 100 }))).toBe(
      `webhookNotifier() could not reach ${base}: there was no answer within 100ms.`,
    );
    expect(await tell(webhookNotifier({ url: "http://127.0.0.1:1" }))).toMatch(/^webhookNotifier\(\) could not reach http:\/\/127.0.0.1:1: /);
  });

  it("needs somewhere to send to", async () => {
    expect(() => webhookNotifier({})).toThrow("webhookNotifier() needs a url");
    expect(await tell(webhookNotifier({ url: "hooks" }))).toContain('"hooks" is none');
  });
});

describe("slackNotifier", () => {
  it("posts a message of Slack's shape to the connection's webhook, and never tells its URL", async () => {
    runtime.connections.set("c", connection({ connType: "slackwebhook", password: `${base}/services/T/B/secret` }));
    expect(
      await tell(slackNotifier({ connection: "c", channel: "#data", text: ({ dag }) => `:fire: ${dag.dagId}`, iconEmoji: ":x:" })),
    ).toBeUndefined();
    expect(received).toMatchObject([{ path: "/services/T/B/secret", body: { text: ":fire: sales", channel: "#data", icon_emoji: ":x:" } }]);
    answer = { status: 404, body: "no_team" };
    expect(await tell(slackNotifier({ connection: "c" }))).toBe('slackNotifier() was answered by connection "c" with status 404: no_team.');
  });
});

describe("smtpNotifier", () => {
  it("sends mail by a connection", async () => {
    const messages: string[] = [];
    const mail = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onData: (stream, _session, done) => void text(stream).then((source) => (messages.push(source), done())),
    });
    await new Promise<void>((resolve) => mail.listen(0, "127.0.0.1", resolve));
    const { port } = mail.server.address() as AddressInfo;
    runtime.connections.set(
      "smtp_default",
      connection({ connType: "smtp", host: "127.0.0.1", port, extra: { from_email: "tw@example.com", disable_tls: true } }),
    );
    expect(await tell(smtpNotifier({ to: "ann@example.com" }))).toBeUndefined();
    await new Promise<void>((resolve) => mail.close(resolve));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/From: tw@example\.com/);
    expect(messages[0]).toMatch(/Try: 2 of 4/);
    expect(messages[0]).toMatch(/at load\.ts:3/);
    expect(await tell(smtpNotifier({ to: "ann@example.com" }))).toMatch(/^smtpNotifier\(\) could not send "Task /);
  });

  it("needs a sender", async () => {
    runtime.connections.set("smtp_default", connection({ connType: "smtp", host: "127.0.0.1", port: 1 }));
    expect(await tell(smtpNotifier({ to: "ann@example.com" }))).toContain(
      'smtpNotifier() names no sender, and connection "smtp_default" has none either',
    );
  });
});
