const COLUMNS_OF_A_LABEL = 3;

/**
 * Which columns get a date above them: where a new day begins, and the first one; the time of day where all are of one day. Labels keep a distance, so that they do not overlap.
 * `show` gives `2026-11-21 06:30` in the zone of the page.
 */
export function dateLabels(runs: readonly { run_after: string }[], show: (at: string) => string): Map<number, string> {
  const shown = runs.map((run) => show(run.run_after));
  const days = shown.map((text) => text.slice(0, 10));
  const isOneDay = new Set(days).size <= 1;
  const labels = new Map<number, string>();
  let last = -COLUMNS_OF_A_LABEL;
  for (const [index, text] of shown.entries()) {
    const isNew = isOneDay || index === 0 || days[index] !== days[index - 1];
    if (!isNew || index - last < COLUMNS_OF_A_LABEL) continue;
    labels.set(index, isOneDay ? text.slice(11) : text.slice(5, 10));
    last = index;
  }
  return labels;
}
