export { listen } from "./listen.ts";
export type { Listener, ListenEvent, ListenOptions } from "./listen.ts";
export { createNotifier } from "./notifier.ts";
export type { Notifier, NotifierOptions } from "./notifier.ts";
