import { createNotifier, type Database, listen } from "@tradewind/metadata";
import { WAKE_KINDS, type WakeKind, type WakeUps } from "./engine.ts";

const CHANNEL = "tradewind";

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
      notifier.notify(...kinds);
      tell(new Set(kinds));
    },
    wakeElsewhere(...kinds) {
      if (kinds.length > 0) notifier.notify(...kinds);
    },
    async close() {
      listeners.clear();
      await notifier.close();
      await listener?.close();
    },
  };
}
