import { createNotifier, type Database, listen } from "@tradewind/metadata";
import { WAKE_KINDS, type WakeKind, type WakeUps } from "./engine.ts";

const CHANNEL = "tradewind";
/** Changes of states are for those who watch: they see them soon enough, and each step of a run is one. */
const STATE_INTERVAL_MS = 50;

/** Wake-ups of this process at once, and of the others over Postgres. */
export interface WakeUpService extends WakeUps {
  /** Of other processes alone. */
  wakeElsewhere(...kinds: WakeKind[]): void;
  close(): Promise<void>;
}

/**
 * @param listens false: hears only this process, for those that need no more (a command line)
 * @param onHeard of what came from another process, before anybody else
 */
export function createWakeUps(
  db: Database,
  { listens, onHeard, onError }: { listens: boolean; onHeard: (kinds: ReadonlySet<WakeKind>) => void; onError: (error: unknown) => void },
): WakeUpService {
  const listeners = new Set<(kinds: ReadonlySet<WakeKind>) => void>();
  const notifier = createNotifier(db, { channel: CHANNEL });
  const stateNotifier = createNotifier(db, { channel: CHANNEL, intervalMs: STATE_INTERVAL_MS, origin: notifier.origin });

  function notify(kinds: readonly WakeKind[]): void {
    if (kinds.includes("state")) stateNotifier.notify("state");
    const others = kinds.filter((kind) => kind !== "state");
    if (others.length > 0) notifier.notify(...others);
  }

  function tell(kinds: ReadonlySet<WakeKind>): void {
    for (const listener of [...listeners]) {
      try {
        listener(kinds);
      } catch (error) {
        onError(error);
      }
    }
  }

  const listener = listens
    ? listen(
        db,
        CHANNEL,
        (event) => {
          // Notifications may have been missed, or did not fit: anything may have happened.
          const kinds = event.type === "resync" || event.kinds.length === 0 ? WAKE_KINDS : event.kinds;
          const heard = new Set(kinds as readonly WakeKind[]);
          onHeard(heard);
          tell(heard);
        },
        { ignoreOrigin: notifier.origin, onError },
      )
    : null;

  return {
    onWake(heard) {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
    wake(...kinds) {
      if (kinds.length === 0) return;
      notify(kinds);
      tell(new Set(kinds));
    },
    wakeElsewhere(...kinds) {
      notify(kinds);
    },
    async close() {
      listeners.clear();
      await Promise.all([notifier.close(), stateNotifier.close()]);
      await listener?.close();
    },
  };
}
