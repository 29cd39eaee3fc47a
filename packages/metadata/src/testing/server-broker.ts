import { connect, createServer, type Server } from "node:net";
import type { TestServer } from "./test-server.ts";

/**
 * Between the main process of a test run, which owns the one server, and the test files in their worker processes. The server is started when the first
 * of them asks: a run of plain unit tests never pays for it. Its address travels in an environment variable, so that programs that a test starts find it too.
 *
 *     test file ──connect──► broker (main process) ──first time──► start server, migrate template
 *               ◄── TestServer or { error } ──
 */
export const brokerVariable = "TRADEWIND_TEST_POSTGRES_BROKER";

export type BrokerAnswer = TestServer | { readonly error: string };

export async function startBroker(getServer: () => Promise<TestServer>): Promise<Server> {
  const broker = createServer((socket) => {
    socket.on("error", () => undefined);
    getServer().then(
      (server) => socket.end(JSON.stringify(server)),
      (error: unknown) => socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) })),
    );
  });
  await new Promise<void>((resolve, reject) => {
    broker.once("error", reject);
    broker.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  const address = broker.address() as { port: number };
  process.env[brokerVariable] = String(address.port);
  return broker;
}

export function askBroker(port: string): Promise<TestServer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => (text += chunk));
    socket.on("error", reject);
    socket.on("end", () => {
      const answer = JSON.parse(text) as BrokerAnswer;
      if ("error" in answer) reject(new Error(`The PostgreSQL of this test run did not start: ${answer.error}`));
      else resolve(answer);
    });
  });
}
