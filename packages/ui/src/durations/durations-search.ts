export const RUN_COUNTS = [25, 50, 100, 250, 500] as const;
export type RunCount = (typeof RUN_COUNTS)[number];
export const MEASURES = ["took", "landing", "waited"] as const;
/** took: from start to end. landing: from the end of the data interval to the end. waited: until it started. */
export type Measure = (typeof MEASURES)[number];

/** What the page of durations shows. */
export interface DurationsSearch {
  /** Absent: 100. */
  runs?: RunCount;
  /** Absent: whole runs. */
  task?: string;
  /** Absent: took. */
  by?: Measure;
}

export function readDurationsSearch({ runs, task, by }: Record<string, unknown>): DurationsSearch {
  return {
    ...(RUN_COUNTS.includes(runs as RunCount) && runs !== 100 ? { runs: runs as RunCount } : {}),
    ...(typeof task === "string" && task !== "" ? { task } : {}),
    ...(MEASURES.includes(by as Measure) && by !== "took" ? { by: by as Measure } : {}),
  };
}
