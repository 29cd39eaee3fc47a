import type { RunBar, Throughput } from "../api/home.ts";

export interface PlacedBar extends RunBar {
  from: string;
  to: string;
  total: number;
}

/** A bar for every span of time, also where nothing was. */
export function placeBars({ since, span_seconds: seconds, spans, bars }: Throughput): PlacedBar[] {
  const byPlace = new Map(bars.map((bar) => [bar.place, bar]));
  const start = Date.parse(since);
  return Array.from({ length: spans }, (_, place) => {
    const bar = byPlace.get(place) ?? { place, success: 0, failed: 0, running: 0 };
    const at = (spansOn: number): string => new Date(start + spansOn * seconds * 1000).toISOString();
    return { ...bar, from: at(place), to: at(place + 1), total: bar.success + bar.failed + bar.running };
  });
}

export function sumBars(bars: readonly PlacedBar[]): Omit<RunBar, "place"> & { total: number } {
  const sum = (of: (bar: PlacedBar) => number): number => bars.reduce((total, bar) => total + of(bar), 0);
  return { success: sum((bar) => bar.success), failed: sum((bar) => bar.failed), running: sum((bar) => bar.running), total: sum((bar) => bar.total) };
}
