import { openHotDatabase } from "@tradewind/metadata";
import { run, useTestDatabase } from "@tradewind/metadata/testing";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, drain, startEngine, storeDags, task } from "./fixture.ts";

/** Between a program and its PostgreSQL server. */
class Relay {
  lost = 0;
  #losing: string | null = null;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();

  async start(target: URL): Promise<string> {
    this.#server = createServer((client) => this.#join(client, createConnection(Number(target.port), target.hostname)));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const url = new URL(target);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as { port: number }).port);
    return url.href;
  }

  /** The connection is cut when the server answers what has this in it, and a commit: it was committed by then. */
  losesNextAnswerTo(text: string): void {
    this.lost = 0;
    this.#losing = text;
  }

  #join(client: Socket, server: Socket): void {
    let isLosing = false;
    for (const socket of [client, server]) this.#sockets.add(socket.on("error", () => undefined));
    client.on("data", (bytes) => {
      if (this.#losing !== null && bytes.includes(this.#losing) && bytes.includes("commit")) {
        isLosing = true;
        this.#losing = null;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (!isLosing) return void client.write(bytes);
      this.lost += 1;
      client.destroy();
      server.destroy();
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

/** A transaction may be committed and nobody hear of it, since the connection is lost before the server's answer. It is tried again, and must not do twice what was asked for once. */
const database = useTestDatabase();
const relay = new Relay();
let engine: Engine;
let hot: ReturnType<typeof openHotDatabase>;
beforeAll(async () => {
  hot = openHotDatabase({ url: await relay.start(new URL(database.url)), applicationName: "test relayed" });
  engine = await startEngine(database, { hot });
});
afterAll(async () => {
  await engine.close();
  await hot.close();
  await relay.stop();
});

const runsOf = (dagId: string) =>
  run<{ runId: string }>(database.db, { text: `select run_id as "runId" from dag_run where dag_id = $1`, values: [dagId] });

test.each([
  ["that was named", { runId: "mine" }],
  ["without an id and a date", { logicalDate: null }],
  ["at a date", { logicalDate: new Date("2026-02-03T00:00:00Z") }],
])("a run %s is made once though its trigger heard of no commit, and runs", async (name, options) => {
  const dagId = name.replaceAll(" ", "_");
  await storeDags(engine, dagSpec(dagId, [task("a")]));
  relay.losesNextAnswerTo("insert_event_log");
  const { runId } = await engine.triggerDagRun({ dagId, triggeredBy: "rest_api", actor: { name: "ada" }, ...options });
  expect(relay.lost).toBe(1);
  expect(await runsOf(dagId)).toEqual([{ runId }]);
  expect((await drain(engine)).map(({ context }) => context.taskId)).toEqual(["a"]);
});
