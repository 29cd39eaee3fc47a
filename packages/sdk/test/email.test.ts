import { mkdtempSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operator, TemplateContext } from "../src/index.ts";
import { email } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { runOperator } from "./run-operator.ts";

interface Received {
  recipients: string[];
  source: string;
  user: string | undefined;
}

let runtime: MemoryRuntime;
let received: Received[];
let server: SMTPServer;

async function startServer(options: SMTPServerOptions = {}): Promise<void> {
  server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => (password === "right" ? done(null, { user: username }) : done(new Error("no such login"))),
    onRcptTo: ({ address }, _session, done) => done(address.startsWith("nobody") ? new Error("no such mailbox") : undefined),
    onData: (stream, session, done) =>
      void text(stream).then((source) => {
        received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), source, user: session.user as string | undefined });
        done();
      }),
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  const fields = { description: null, login: null, password: null, schema: null };
  const extra = { verify: false, from_email: "tradewind@example.com", timeout: 5 };
  runtime.connections.set("mail", { connectionId: "mail", connType: "smtp", host: "127.0.0.1", port, ...fields, extra });
}

beforeEach(() => {
  runtime = new MemoryRuntime();
  received = [];
});
afterEach(() => new Promise<void>((resolve) => server.close(resolve)));

const run = (operator: Operator<never, unknown>, inputs = {}) => runOperator(runtime, operator, inputs);
const plain = { connection: "mail", to: "ann@example.com", subject: "s", text: "t" };

function setMail(fields: object): void {
  runtime.connections.set("mail", { ...runtime.connections.get("mail")!, ...fields });
}

describe("email", () => {
  it("sends text and HTML with attachments, by templates, to all kinds of recipients", async () => {
    await startServer();
    const file = join(mkdtempSync(join(tmpdir(), "sdk-mail-")), "sales.csv");
    writeFileSync(file, "a;b\n1;2\n");
    const operator = email("t", {
      connection: "mail",
      to: ["Ann <ann@example.com>", "bo@example.com"],
      cc: "cc@example.com",
      bcc: "bcc@example.com",
      replyTo: "desk@example.com",
      subject: ({ ds }: TemplateContext<{ total: number }>) => `Sales of ${ds}: ñ`,
      text: ({ inputs }: TemplateContext<{ total: number }>) => `total ${inputs.total}`,
      html: "<b>total</b>",
      attachments: [file, { filename: "note.txt", content: "attached" }],
      headers: { "X-Team": "sales" },
    });
    expect(await run(operator, { total: 42 })).toEqual({
      messageId: expect.stringMatching(/^<.*@.*>$/),
      accepted: ["ann@example.com", "bo@example.com", "cc@example.com", "bcc@example.com"],
      rejected: [],
    });
    const [{ recipients, source }] = received as [Received];
    expect(recipients).toHaveLength(4);
    expect(source).toContain("From: tradewind@example.com");
    expect(source).toContain("To: Ann <ann@example.com>, bo@example.com");
    expect(source).toContain("Reply-To: desk@example.com");
    expect(source).toContain("X-Team: sales");
    expect(source).toMatch(/Subject: =\?UTF-8\?.*\?=/);
    expect(source).not.toContain("bcc@example.com");
    expect(source).toMatch(/total 42[^]*<b>total<\/b>/);
    expect(source).toContain("filename=sales.csv");
    expect(source).toContain(Buffer.from("a;b\n1;2\n").toString("base64"));
  });

  it("logs in over an encrypted line only, unless the connection allows an open one", async () => {
    await startServer();
    setMail({ login: "robot", password: "right" });
    await run(email("t", plain));
    expect(received[0]!.user).toBe("robot");
    await new Promise<void>((resolve) => server.close(resolve));
    await startServer({ disabledCommands: ["STARTTLS"] });
    setMail({ login: "robot", password: "right" });
    await expect(run(email("t", plain))).rejects.toThrow(/was not sent by connection "mail".*set "disable_tls"/s);
    expect(received).toHaveLength(1);
    setMail({ extra: { ...runtime.connections.get("mail")!.extra, disable_tls: true } });
    await run(email("t", plain));
    expect(received).toHaveLength(2);
  });

  it("speaks TLS from the first byte when the connection says so", async () => {
    await startServer({ secure: true });
    setMail({ extra: { ...runtime.connections.get("mail")!.extra, disable_ssl: false } });
    await run(email("t", plain));
    expect(received).toHaveLength(1);
  });

  it("tells whom the server refused", async () => {
    await startServer();
    expect(await run(email("t", { ...plain, to: ["ann@example.com", "nobody@example.com"] }))).toMatchObject({
      accepted: ["ann@example.com"],
      rejected: ["nobody@example.com"],
    });
    expect(runtime.lines()).toContain("The server refused these addresses: nobody@example.com");
    await expect(run(email("t", { ...plain, to: "nobody@example.com" }))).rejects.toThrow(
      /the server said: 550 no such mailbox\. Check the addresses/,
    );
  });

  it("names a wrong login, and keeps the password to itself", async () => {
    await startServer();
    setMail({ login: "robot", password: "wrong-secret" });
    const error = (await run(email("t", plain)).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/the server said: 535 no such login\. Check the login and password/);
    expect(JSON.stringify([error.message, error.stack, runtime.entries])).not.toContain("wrong-secret");
  });

  it("says what is missing", async () => {
    await startServer();
    await expect(run(email("t", { ...plain, attachments: ["/no/such/file"] }))).rejects.toThrow(
      'The attachment "/no/such/file" of task "t" can\'t be read',
    );
    setMail({ extra: { verify: false } });
    await expect(run(email("t", plain))).rejects.toThrow('Task "t" names no sender, and connection "mail" has none either');
    setMail({ host: null });
    await expect(run(email("t", plain))).rejects.toThrow('Connection "mail" can\'t be used as a mail server: it has no host');
    expect(() => email("t", { connection: "mail", to: "a@example.com", subject: "s" })).toThrow('has neither "text" nor "html"');
    expect(received).toEqual([]);
  });

  it("gives up when the task is stopped", async () => {
    await startServer({
      onData: (stream) => {
        stream.resume();
        runtime.controller.abort(new Error("cancelled by ann"));
      },
    });
    await expect(run(email("t", plain))).rejects.toThrow("cancelled by ann");
  });
});
