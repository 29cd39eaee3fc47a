/**
 * A program that runs the embedded PostgreSQL as a daemon would: prints one JSON line per event, stops on SIGTERM.
 *
 *     node run-embedded-postgres.ts DIRECTORY [--supervise]
 */
import { startEmbeddedPostgres } from "../../src/embedded-postgres.ts";

const [directory = "", ...options] = process.argv.slice(2);
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const stayAlive = setInterval(() => undefined, 60_000);

const postgres = await startEmbeddedPostgres({ directory, supervise: options.includes("--supervise"), durability: "process", onEvent: say });
say({ type: "ready", url: postgres.url, isOwner: postgres.isOwner });

process.once("SIGTERM", () => {
  clearInterval(stayAlive);
  void postgres.stop();
});
