/** When something ran, in epoch milliseconds. */
export interface Span {
  startMs: number;
  endMs: number;
}

/**
 * The chain of tasks that the run's length is made of: back from what ended last, each time to the upstream that ended last, since that is what was waited for. Tasks that did not run are not
 * in it; a task that began before its upstreams ended (by its trigger rule) waited for those that had.
 */
export function criticalPath(upstreams: ReadonlyMap<string, readonly string[]>, spans: ReadonlyMap<string, Span>): string[] {
  let at: string | undefined;
  for (const [taskId, { endMs }] of spans) if (at === undefined || endMs > spans.get(at)!.endMs) at = taskId;
  const path: string[] = [];
  while (at !== undefined && !path.includes(at)) {
    path.unshift(at);
    at = lastBefore(upstreams, spans, at);
  }
  return path;
}

/** What a task waited for; tasks between that did not run (skipped, empty) lead on to what they waited for. */
function lastBefore(upstreams: ReadonlyMap<string, readonly string[]>, spans: ReadonlyMap<string, Span>, taskId: string): string | undefined {
  const { startMs } = spans.get(taskId)!;
  const seen = new Set<string>();
  const waiting = [...(upstreams.get(taskId) ?? [])];
  let last: string | undefined;
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const span = spans.get(id);
    if (span === undefined) waiting.push(...(upstreams.get(id) ?? []));
    else if (span.endMs <= startMs + 1 && (last === undefined || span.endMs > spans.get(last)!.endMs)) last = id;
  }
  return last;
}
