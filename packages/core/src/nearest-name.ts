/** The name most like the wanted one, for "did you mean …?"; undefined when none is near enough to be a slip of the pen. */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  let limit = wanted.length <= 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let nearest: string | undefined;
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase(), limit);
    if (distance > limit || distance >= Math.max(wanted.length, name.length)) continue;
    if (nearest !== undefined && distance === limit) continue;
    nearest = name;
    limit = distance;
  }
  return nearest;
}

/** Insertions, deletions and replacements between two texts; anything above `limit` may come out as `limit + 1`. */
function editDistance(a: string, b: string, limit: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const cost = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1);
      next.push(cost);
      if (cost < best) best = cost;
    }
    if (best > limit) return limit + 1;
    row = next;
  }
  return row[b.length]!;
}

/** `; did you mean "x"?` or nothing. */
export function suggestion(wanted: string, names: Iterable<string>): string {
  const nearest = nearestName(wanted, names);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}
