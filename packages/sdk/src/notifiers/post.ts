import { formatDuration, TradewindError } from "@tradewind/core";

/** How much of a bad answer is quoted in the error. */
const QUOTED_LENGTH = 300;

export interface Post {
  /** Who posts, for errors. */
  what: string;
  /** What to call the address in errors: URLs of webhooks are secrets. */
  address: string;
  url: string;
  method: string;
  headers: Headers;
  body: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** @throws TradewindError `task_failed` when nobody answered in time, or not with 2xx */
export async function post({ what, address, url, method, headers, body, timeoutMs, signal }: Post): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  const answer = await fetch(url, { method, headers, body, signal: AbortSignal.any([signal, limit]) }).catch((cause: Error) => {
    const { cause: deeper } = cause as { cause?: { code?: string } };
    const why = limit.aborted
      ? `there was no answer within ${formatDuration(timeoutMs)}`
      : `${cause.message}${deeper?.code === undefined ? "" : ` (${deeper.code})`}`;
    throw new TradewindError("task_failed", `${what} could not reach ${address}: ${why}.`, { cause });
  });
  const text = await answer.text().catch(() => "");
  if (answer.ok) return;
  const quoted = text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
  throw new TradewindError("task_failed", `${what} was answered by ${address} with status ${answer.status}${quoted === "" ? "" : `: ${quoted}`}.`, {
    details: { status: answer.status },
  });
}
