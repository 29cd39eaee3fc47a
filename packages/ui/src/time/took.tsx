import { elapsedMs, formatDurationMs } from "./format.ts";
import { useNow } from "./now.ts";

/** How long something took, to the millisecond when pointed at; it counts while there is no end. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  if (from === null) return <span>–</span>;
  return to === null ? <Counting from={from} /> : <Lasted ms={elapsedMs(from, to, 0) ?? 0} />;
}

function Counting({ from }: { from: string }) {
  const now = useNow();
  return <Lasted ms={elapsedMs(from, null, now) ?? 0} />;
}

function Lasted({ ms }: { ms: number }) {
  return <span title={`${(ms / 1000).toLocaleString("en")} s`}>{formatDurationMs(ms)}</span>;
}
