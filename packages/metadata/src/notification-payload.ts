/**
 * What one NOTIFY carries: who sends, and the kinds of things that happened since the one before.
 * `<origin>|<kind>,<kind>,…`; without kinds when they did not fit: then anything may have happened.
 */
export interface NotificationPayload {
  readonly origin: string;
  readonly kinds: readonly string[];
}

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const maxPayloadBytes = 7_900;

export function encodePayload({ origin, kinds }: NotificationPayload): string {
  const text = `${origin}|${kinds.join(",")}`;
  return Buffer.byteLength(text) <= maxPayloadBytes ? text : `${origin}|`;
}

export function decodePayload(text: string): NotificationPayload {
  const bar = text.indexOf("|");
  const kinds = text.slice(bar + 1);
  return { origin: text.slice(0, Math.max(bar, 0)), kinds: kinds === "" ? [] : kinds.split(",") };
}

export function assertKind(kind: string): void {
  if (kind !== "" && !kind.includes(",")) return;
  throw new TypeError(`A notification kind is a word without commas, got ${JSON.stringify(kind)}.`);
}
