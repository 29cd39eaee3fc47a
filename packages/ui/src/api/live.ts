import type { Query, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { addChange, createTouched, isTouched, type LiveChange } from "./live-changes.ts";
import { sessionQuery } from "./session.ts";

/**
 * `off`: nobody is logged in, or the page is out of sight. `connecting`: for the first time. `connected`: changes come by themselves. `reconnecting`: they do not; pages ask again and
 * again instead.
 */
export type LiveState = "off" | "connecting" | "connected" | "reconnecting";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** The server is heard every 15 seconds; who hears nothing for so long has a connection that is dead without saying so. */
const SILENCE_MS = 40_000;
/** A page that nobody looks at needs no stream, and browsers open only six connections to one server. */
const HIDDEN_MS = 30_000;
/** However much changes, what is shown is read no more often than this. */
const QUIET_MS = 1000;
/** Asked so often also while changes are told: for what was lost, and what is not told. */
const SLOW_POLL_MS = 60_000;

let state: LiveState = "off";
const listeners = new Set<() => void>();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether changes come by themselves. */
export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/** A `refetchInterval`: `ms` while changes do not come by themselves, else seldom. */
export function whenNotLive(ms: number): () => number {
  return () => (state === "connected" ? Math.max(ms, SLOW_POLL_MS) : ms);
}

/**
 * Keeps one stream of changes for the whole application while somebody is logged in and the page can be seen, and has what is shown read again when it changed.
 * @returns ends it
 */
export function startLive(queryClient: QueryClient): () => void {
  const live = new Live(queryClient);
  return () => live.stop();
}

class Live {
  readonly #queryClient: QueryClient;
  readonly #unread: Unread;
  #source: EventSource | undefined;
  /** The place to go on from. */
  #lastId = "";
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #hiding: ReturnType<typeof setTimeout> | undefined;
  readonly #unsubscribe: () => void;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
    this.#unread = new Unread(queryClient);
    this.#unsubscribe = queryClient.getQueryCache().subscribe(({ query }) => {
      if (query.queryKey[0] === sessionQuery.queryKey[0]) this.#follow();
    });
    document.addEventListener("visibilitychange", this.#visibilityChanged);
    this.#follow();
  }

  stop(): void {
    this.#unsubscribe();
    document.removeEventListener("visibilitychange", this.#visibilityChanged);
    clearTimeout(this.#hiding);
    this.#close();
    setState("off");
  }

  get #isWanted(): boolean {
    return this.#queryClient.getQueryData(sessionQuery.queryKey) != null && (document.visibilityState === "visible" || this.#hiding !== undefined);
  }

  #follow(): void {
    if (this.#isWanted === (state !== "off")) return;
    if (this.#isWanted) {
      setState("connecting");
      this.#connect();
    } else {
      this.#close();
      setState("off");
    }
  }

  readonly #visibilityChanged = (): void => {
    clearTimeout(this.#hiding);
    this.#hiding = undefined;
    if (document.visibilityState === "hidden") {
      this.#hiding = setTimeout(() => {
        this.#hiding = undefined;
        this.#follow();
      }, HIDDEN_MS);
    }
    this.#follow();
  };

  #connect(): void {
    this.#close();
    const source = new EventSource(`/ui/live${this.#lastId === "" ? "" : `?last_event_id=${encodeURIComponent(this.#lastId)}`}`);
    this.#source = source;
    this.#hear();
    source.addEventListener("open", () => this.#hear());
    source.addEventListener("beat", () => this.#hear());
    source.addEventListener("error", () => this.#failed());
    this.#on(source, "change", (event) => this.#unread.add(JSON.parse(event.data as string) as LiveChange));
    this.#on(source, "resync", () => this.#unread.addEverything());
    this.#on(source, "session_ended", () => {
      this.#close();
      this.#queryClient.setQueryData(sessionQuery.queryKey, null);
    });
    // The server's own event: from here on it tells everything.
    this.#on(source, "hello", (event) => {
      this.#failures = 0;
      if (!(JSON.parse(event.data as string) as { resumed: boolean }).resumed) this.#unread.addEverything();
      setState("connected");
    });
  }

  #on(source: EventSource, name: string, heard: (event: MessageEvent) => void): void {
    source.addEventListener(name, (event: MessageEvent) => {
      this.#hear();
      if (event.lastEventId !== "") this.#lastId = event.lastEventId;
      heard(event);
    });
  }

  #hear(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#failed(), SILENCE_MS);
  }

  /** Browsers try again by themselves after some failures and not after others; here it is always the same. */
  #failed(): void {
    this.#close();
    const wasConnected = state === "connected";
    setState("reconnecting");
    // What is shown is asked for again and again from now on.
    if (wasConnected) this.#unread.addEverything();
    // An ended session looks like any other failure; this question tells them apart.
    else void this.#queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    const pauseMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), pauseMs * (0.75 + Math.random() / 2));
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = undefined;
  }
}

/** What changed and was not read again yet: the first change is read at once, those of the next second together. */
class Unread {
  readonly #queryClient: QueryClient;
  #touched = createTouched();
  #isEverything = false;
  /** Queries that were under way: their answer may be of before the change, and begun anew each time they would never have one. */
  #late: ReadonlySet<string> = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readAt = 0;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
  }

  add(change: LiveChange): void {
    addChange(this.#touched, change);
    this.#plan();
  }

  addEverything(): void {
    this.#isEverything = true;
    this.#plan();
  }

  #plan(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#read(), Math.max(0, this.#readAt + QUIET_MS - Date.now()));
  }

  #read(): void {
    this.#timer = undefined;
    this.#readAt = Date.now();
    const [touched, isEverything, late] = [this.#touched, this.#isEverything, this.#late];
    [this.#touched, this.#isEverything] = [createTouched(), false];
    const isWanted = (query: Query): boolean =>
      late.has(query.queryHash) || (isEverything ? query.queryKey[0] !== sessionQuery.queryKey[0] : isTouched(query, touched));
    const busy = this.#queryClient.getQueryCache().findAll({ type: "active", fetchStatus: "fetching", predicate: isWanted });
    this.#late = new Set(busy.map(({ queryHash }) => queryHash));
    void this.#queryClient.invalidateQueries({ predicate: (query) => isWanted(query) && !this.#late.has(query.queryHash) });
    if (this.#late.size > 0) this.#plan();
  }
}
