import type { HostConnection } from "./host-connection.ts";

const ASK_EVERY_MS = 2_000;
/**
 * Turns without an answer before a host counts as dead: 8 seconds, when the leases of its attempts (10 seconds, last renewed before it fell silent) have run out or are about to, so that
 * nothing is lost with it. Turns, not a time: after a standstill of this process, or of the whole machine, one turn comes and not all that were missed.
 */
const SILENT_TURNS = 4;

/**
 * Watches a host that has a living process and may all the same do nothing any more: stopped, or stuck in its event loop. `onSilent` is called once.
 */
export function watchPulse(connection: HostConnection, onSilent: () => void): { stop(): void } {
  let silentTurns = 0;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    isAsking = true;
    try {
      await connection.ask({ op: "list" });
      silentTurns = 0;
    } catch {
      // A closed connection has its own ways; a missing answer is counted by the turns.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => {
    if (!isAsking) return void ask();
    silentTurns += 1;
    if (silentTurns < SILENT_TURNS) return;
    clearInterval(timer);
    onSilent();
  }, ASK_EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}
