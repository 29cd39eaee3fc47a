import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { type ChangeEvent, type ChangeSubject, createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { run, seedDag, seedDagRun, type TestDatabase } from "@tradewind/metadata/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ensureAdmin } from "../src/index.ts";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const engineOf = (database: TestDatabase): Engine =>
  createEngine({
    db: database.db,
    hot: database.hot,
    fernet: createFernet(generateFernetKey()),
    issueAttemptToken: ({ attemptId }) => attemptId,
    defaultExecutor: "local",
    listens: false,
  });

let clockMs = Date.UTC(2026, 0, 1);
const engines: Engine[] = [];
/** As if a notification had come. */
let tell: (event: ChangeEvent) => void = () => undefined;
const server = useTestServer({
  now: () => clockMs,
  live: { heartbeatMs: 50, streamsPerUser: 3, maxUnreadBytes: 4096, hub: { kept: 3, collectMs: 10 } },
  makeEngine: (database) => {
    const engine = engineOf(database);
    engines.push(engine);
    return {
      ...engine,
      watchChanges(handler) {
        tell = handler;
        return engine.watchChanges(handler);
      },
    };
  },
});

interface LiveEvent {
  event: string;
  id: string | undefined;
  data: Record<string, unknown>;
}

/** A browser's end of a stream. */
class Browser {
  readonly events: LiveEvent[] = [];
  readonly response: IncomingMessage;
  isOver = false;
  #unread = "";
  #heard: () => void = () => undefined;

  constructor(response: IncomingMessage) {
    this.response = response.setEncoding("utf8");
    response.on("data", (chunk: string) => this.#read(chunk));
    response.on("close", () => {
      this.isOver = true;
      this.#heard();
    });
    response.on("error", () => undefined);
  }

  /** The first event from place `from` on that is wanted. */
  async next(isWanted: (event: LiveEvent) => boolean, from = 0): Promise<LiveEvent> {
    for (;;) {
      const found = this.events.slice(from).find(isWanted);
      if (found !== undefined) return found;
      if (this.isOver) throw new Error(`The stream is over; it told ${JSON.stringify(this.events)}.`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  async end(): Promise<void> {
    if (this.isOver) return;
    this.response.destroy();
    await once(this.response, "close");
  }

  #read(chunk: string): void {
    const parts = (this.#unread + chunk).split("\n\n");
    this.#unread = parts.pop()!;
    for (const part of parts) {
      const fields = new Map(part.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const event = fields.get("event");
      if (event !== undefined) this.events.push({ event, id: fields.get("id"), data: JSON.parse(fields.get("data")!) as Record<string, unknown> });
    }
    this.#heard();
  }
}

let address = "";
let cookie = "";
let other: Engine;
let dagRunId = 0;
const browsers: Browser[] = [];

beforeAll(async () => {
  address = await server.app.listen({ host: "127.0.0.1", port: 0 });
  await ensureAdmin(server.database.db, { username: "ada", password: "correct horse" });
  other = engineOf(server.database);
  engines.push(other);
  await seedDag(server.database.db, { spec: dagSpec("sales", { tasks: [taskSpec("load")] }) });
  dagRunId = await seedDagRun(server.database.db, { dagId: "sales", runId: "r1", state: "running" });
  cookie = await logIn();
});

afterEach(async () => {
  await Promise.all(browsers.splice(0).map((browser) => browser.end()));
});

afterAll(async () => {
  for (const engine of engines) await engine.close();
});

async function logIn(): Promise<string> {
  const answer = await server.call("POST", "/auth/login", { role: null, body: { username: "ada", password: "correct horse" } });
  return String(answer.headers["set-cookie"]).split(";")[0]!;
}

async function request(headers: Record<string, string>): Promise<IncomingMessage> {
  const [response] = (await once(get(`${address}/ui/live`, { headers, agent: false }), "response")) as [IncomingMessage];
  return response;
}

async function browse(headers: Record<string, string> = { cookie }): Promise<Browser> {
  const browser = new Browser(await request(headers));
  browsers.push(browser);
  await browser.next(({ event }) => event === "hello");
  return browser;
}

const asRole = (role: string): Record<string, string> => ({ authorization: `Bearer ${server.tokens.issue("access", role, 60_000)}` });
const isChange = ({ event }: LiveEvent): boolean => event === "change";

describe("what is told", () => {
  it("runs by name, DAGs and other things, also when another process changed them", async () => {
    const browser = await browse();
    expect(browser.response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    engines[0]!.noteChanges({ runs: [dagRunId], subjects: ["pools"] });
    expect((await browser.next(({ data }) => data["runs"] !== undefined)).data).toMatchObject({
      runs: [{ dag_id: "sales", dag_run_id: "r1" }],
      pools: true,
    });
    const heard = browser.events.length;
    other.noteChanges({ runs: [dagRunId, 987_654_321], dags: ["sales, or so"] });
    expect((await browser.next(isChange, heard)).data).toEqual({ runs: [{ dag_id: "sales", dag_run_id: "r1" }], dags: ["sales, or so"] });
  });

  it("one telling for everything of a moment, and a word instead of a list that is too long", async () => {
    const browser = await browse();
    for (let index = 0; index < 600; index += 1) other.noteChanges({ runs: [index], dags: [`dag ${index % 10}`] });
    const { data } = await browser.next(isChange);
    expect(data).toMatchObject({ any_run: true, dags: expect.arrayContaining(["dag 3"]) });
    expect(data["runs"]).toBeUndefined();
  });

  it("a change by the REST API, whichever it is", async () => {
    const browser = await browse();
    await server.call("POST", "/api/v2/pools", { body: { name: "a", slots: 1 } });
    expect((await browser.next(isChange)).data).toMatchObject({ pools: true, event_logs: true });
  });

  it("nothing that the user may not read", async () => {
    const viewer = await browse(asRole("viewer"));
    const nobody = await browse(asRole("public"));
    other.noteChanges({ runs: [dagRunId], subjects: ["variables", "users", "event_logs", "connections"] });
    expect((await viewer.next(isChange)).data).toEqual({ runs: [{ dag_id: "sales", dag_run_id: "r1" }] });
    expect(nobody.events.filter(isChange)).toEqual([]);
  });
});

describe("coming back", () => {
  it("goes on where it was: nothing is lost and nothing is read anew", async () => {
    const first = await browse();
    other.noteChanges({ runs: [dagRunId] });
    const { id } = await first.next(isChange);
    await first.end();
    other.noteChanges({ dags: ["while away"] });
    const second = await browse({ cookie, "last-event-id": id! });
    expect(second.events[0]).toMatchObject({ event: "hello", data: { resumed: true } });
    expect((await second.next(({ data }) => data["dags"] !== undefined)).data).toMatchObject({ dags: ["while away"] });
  });

  it.each([
    ["a place of another server", async () => "0123456789ab-7"],
    ["something that is no place", async () => "yesterday"],
    [
      "a place that is longer ago than what is kept",
      async () => {
        const browser = await browse();
        const [{ id }] = browser.events as [LiveEvent];
        for (let index = 0; index < 5; index += 1) {
          const heard = browser.events.length;
          other.noteChanges({ dags: [`dag ${index}`] });
          await browser.next(isChange, heard);
        }
        return id!;
      },
    ],
  ])("from %s, is told to read everything anew", async (_what, placeOf) => {
    const place = await placeOf();
    const browser = await browse({ cookie, "last-event-id": place });
    expect(browser.events[0]).toMatchObject({ event: "hello", data: { resumed: false } });
  });

  it("is told so too when the server lost the database meanwhile", async () => {
    const browser = await browse();
    const text = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()";
    await run(server.database.db, { text, values: [] });
    expect((await browser.next(({ event }) => event === "resync")).id).toEqual(expect.any(String));
    other.noteChanges({ runs: [dagRunId] });
    expect((await browser.next(isChange)).data).toMatchObject({ runs: [{ dag_run_id: "r1" }] });
  });
});

describe("the end", () => {
  it("comes to a stream that cannot begin, so that its browser tries again and holds none meanwhile", async () => {
    const first = await browse();
    other.noteChanges({ runs: [dagRunId] });
    const { id } = await first.next(isChange);
    await first.end();
    const nameless = await seedDagRun(server.database.db, { dagId: "sales", runId: "nameless" });
    await run(server.database.db, { text: "alter table dag_run rename column run_id to run_id_away", values: [] });
    try {
      tell({ type: "changes", runs: new Set([nameless]), dags: new Set(), subjects: new Set() });
      const isRefused = async (): Promise<boolean> => {
        const browser = new Browser(await request({ cookie, "last-event-id": id! }));
        const begun = await browser.next(() => true).catch(() => undefined);
        await browser.end();
        return begun === undefined;
      };
      // Until it is collected, nothing was missed.
      await expect.poll(isRefused, { timeout: 10_000 }).toBe(true);
    } finally {
      await run(server.database.db, { text: "alter table dag_run rename column run_id_away to run_id", values: [] });
    }
  });

  it("of the session is said, and ends the stream", async () => {
    const own = await logIn();
    const browser = await browse({ cookie: own });
    await server.call("POST", "/auth/logout", { role: null, headers: { cookie: own, "sec-fetch-site": "same-origin" } });
    await browser.next(({ event }) => event === "session_ended");
    await expect.poll(() => browser.isOver).toBe(true);
  });

  it("comes to a user who is switched off", async () => {
    const browser = await browse(asRole("user"));
    await run(server.database.db, { text: "update user_account set is_active = false where username = 'user'", values: [] });
    clockMs += 6000;
    expect((await browser.next(({ event }) => event === "session_ended")).data).toEqual({});
  });

  it("comes to a browser that does not read, so that it holds no memory", async () => {
    const dagRunIds: number[] = [];
    for (let index = 0; index < 300; index += 1) {
      dagRunIds.push(await seedDagRun(server.database.db, { dagId: "sales", runId: `${"long".repeat(60)}${index}`, state: "success" }));
    }
    const browser = await browse();
    browser.response.pause();
    const changes = { type: "changes" as const, runs: new Set(dagRunIds), dags: new Set<string>(), subjects: new Set<ChangeSubject>() };
    const { app } = server;
    const connections = (): Promise<number> => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)));
    await expect
      .poll(
        async () => {
          tell(changes);
          return connections();
        },
        { interval: 12, timeout: 20_000 },
      )
      .toBe(0);
  });
});

it("a user has no more streams than allowed; who needs none is asked for nothing", async () => {
  await Promise.all([browse(), browse(), browse()]);
  const refused = await request({ cookie });
  expect(refused.statusCode).toBe(429);
  refused.resume();
  const anonymous = await request({});
  expect(anonymous.statusCode).toBe(401);
  anonymous.resume();
  await Promise.all(browsers.splice(0).map((browser) => browser.end()));
  await expect.poll(async () => (await browse()).events[0]?.event).toBe("hello");
});
