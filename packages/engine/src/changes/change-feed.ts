import { createNotifier, type Database, listen } from "@tradewind/metadata";
import type { ChangeEvent, Changes, ChangeWatch } from "../engine.ts";
import { addChanges, type ChangeSet, createChangeSet, fromKinds, isEmpty, toKinds } from "./change-set.ts";

const CHANNEL = "tradewind_changes";

/** How long changes are collected before they are told: a person does not notice, and a busy installation tells ten times a second, whatever it does. */
const COLLECT_MS = 100;

export interface ChangeFeed {
  note(changes: Partial<ChangeSet> | Changes): void;
  watch(handler: (event: ChangeEvent) => void): ChangeWatch;
  /** Tells what is left. */
  close(): Promise<void>;
}

/**
 * What people see changing, told to those who show it: this process at once, the others by a notification of its own channel, to which only they listen. Noted after the commit, in
 * memory, and sent outside the data transactions: the hot path pays for adding ids to a set.
 */
export function createChangeFeed(db: Database, { onError }: { onError: (error: unknown) => void }): ChangeFeed {
  const notifier = createNotifier(db, { channel: CHANNEL });
  const watchers = new Set<(event: ChangeEvent) => void>();
  let collected = createChangeSet();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isEmpty(collected)) return;
    const changes = collected;
    collected = createChangeSet();
    notifier.notify(...toKinds(changes));
    for (const watcher of [...watchers]) tell(watcher, { type: "changes", ...changes });
  }

  function tell(watcher: (event: ChangeEvent) => void, event: ChangeEvent): void {
    try {
      watcher(event);
    } catch (error) {
      onError(error);
    }
  }

  return {
    note(changes) {
      addChanges(collected, changes);
      timer ??= setTimeout(flush, COLLECT_MS).unref();
    },
    watch(handler) {
      watchers.add(handler);
      const listener = listen(
        db,
        CHANNEL,
        (event) => tell(handler, event.type === "resync" ? { type: "missed" } : { type: "changes", ...fromKinds(event.kinds) }),
        { ignoreOrigin: notifier.origin, onError },
      );
      return {
        ready: listener.ready,
        async close() {
          watchers.delete(handler);
          await listener.close();
        },
      };
    },
    async close() {
      flush();
      watchers.clear();
      await notifier.close();
    },
  };
}
