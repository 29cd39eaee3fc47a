import type { Database } from "@tradewind/metadata";
import { countRunsBySpan } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso } from "../http/values.ts";

export const Throughput = z.strictObject({
  since: Instant,
  span_seconds: z.number(),
  spans: z.number(),
  bars: z.array(z.strictObject({ place: z.number(), success: z.number(), failed: z.number(), running: z.number() })),
});

/** Runs are counted by the finest span, of which the others are multiples. */
const FINEST_MS = 300_000;
const FINEST_SPANS = 288;
/** The first window in which all of them lie is the one that is shown: an installation of one hour's age has more than one bar. */
const WINDOWS = [
  { spanMs: FINEST_MS, spans: 36 },
  { spanMs: 1_800_000, spans: 48 },
] as const;

/** How many runs began in the last day, or in as much of it as there have been any. */
export async function readThroughput(
  db: Database,
  { dagIds, now }: { dagIds: readonly string[] | null; now: Date },
): Promise<z.infer<typeof Throughput>> {
  const longest = WINDOWS.at(-1)!;
  const until = Math.ceil((now.getTime() + 1) / longest.spanMs) * longest.spanMs;
  const since = until - FINEST_SPANS * FINEST_MS;
  const counted = await countRunsBySpan(db, { dagIds, since: new Date(since), spanMs: FINEST_MS });
  const end = Math.ceil((now.getTime() + 1) / FINEST_MS) * FINEST_MS;
  const first = counted[0] === undefined ? since : since + counted[0].place * FINEST_MS;
  const window = WINDOWS.find(({ spanMs, spans }) => first >= end - spanMs * spans) ?? longest;
  const from = window === longest ? since : end - window.spanMs * window.spans;
  const bars = new Map<number, { place: number; success: number; failed: number; running: number }>();
  for (const { place, success, failed, running } of counted) {
    const at = Math.min(window.spans - 1, Math.floor((since + place * FINEST_MS - from) / window.spanMs));
    const bar = bars.get(at) ?? { place: at, success: 0, failed: 0, running: 0 };
    bars.set(at, { place: at, success: bar.success + success, failed: bar.failed + failed, running: bar.running + running });
  }
  return { since: toIso(new Date(from)), span_seconds: window.spanMs / 1000, spans: window.spans, bars: [...bars.values()] };
}
