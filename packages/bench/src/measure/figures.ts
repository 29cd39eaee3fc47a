import { median, significant } from "./statistics.ts";

export type Unit = "ms" | "s" | "/s" | "×" | "%" | "MB" | "";

/** One measured quantity over the measured runs of one system. */
export interface Figure {
  median: number;
  min: number;
  max: number;
  /** Measured runs, or samples where each is a percentile over many. */
  runs: number;
  unit: Unit;
  better: "lower" | "higher";
  /** The figure of the peer to compare with, when it has another name there; null: there is none. */
  peer?: string | null;
}

export type Figures = Record<string, Figure>;

type FigureOptions = Pick<Figure, "unit"> & Partial<Pick<Figure, "better" | "peer">>;

/** Median and spread of what the measured runs gave. */
export function figure(values: readonly number[], { unit, better = unit === "/s" ? "higher" : "lower", peer }: FigureOptions): Figure {
  return {
    median: significant(median(values)),
    min: significant(Math.min(...values)),
    max: significant(Math.max(...values)),
    runs: values.length,
    unit,
    better,
    ...(peer === undefined ? {} : { peer }),
  };
}

/** How many times better ours is, by figure; figures that only one of them has are left out. */
export function ratios(ours: Figures, peers: Figures): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, mine] of Object.entries(ours)) {
    const theirs = mine.peer === null ? undefined : peers[mine.peer ?? name];
    if (theirs === undefined) continue;
    const ratio = mine.better === "lower" ? theirs.median / mine.median : mine.median / theirs.median;
    if (Number.isFinite(ratio)) found[name] = significant(ratio);
  }
  return found;
}

/** A percentile or another single value that was found over many samples. */
export function sampled(value: number, samples: number, options: FigureOptions): Figure {
  return { ...figure([value], options), runs: samples };
}
