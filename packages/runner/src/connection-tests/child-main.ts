/**
 * Entry of the process that tries one connection: it comes as JSON on standard input, the answer goes to standard output. A process of its own, because it loads clients of many kinds
 * of servers, and because whatever a server answers can then hurt nothing but this test.
 */
import { json } from "node:stream/consumers";
import { type Connection, testConnection } from "tradewind/internal";

const { connection, timeoutMs } = (await json(process.stdin)) as { connection: Connection; timeoutMs: number };
const result = await testConnection(connection, AbortSignal.timeout(timeoutMs));
// A client may hold its connection open; there is nothing to wait for any more.
process.stdout.write(JSON.stringify(result), () => process.exit(0));
