/** The events timetable: a run at each instant of a list. */
import type { TimetableSpec } from "../timetable-spec.ts";
import { isAfterEnd, type NextRun, type Restriction, runForInterval } from "./intervals.ts";

type Events = Extract<TimetableSpec, { kind: "events" }>;

const instantsBySpec = new WeakMap<Events, readonly number[]>();

/** The list in epoch milliseconds, parsed once for each spec object. */
function instantsOf(spec: Events): readonly number[] {
  let instants = instantsBySpec.get(spec);
  if (instants === undefined) {
    instants = spec.events.map((event) => Date.parse(event));
    instantsBySpec.set(spec, instants);
  }
  return instants;
}

export function nextEventRun(spec: Events, restriction: Restriction): NextRun | null {
  const events = instantsOf(spec);
  const earliestMs = earliestEvent(restriction);
  const index = Math.max(firstIndexFrom(events, earliestMs), restriction.last === null ? 0 : firstIndexFrom(events, restriction.last.endMs + 1));
  const eventMs = events[index];
  return eventMs === undefined || isAfterEnd(eventMs, restriction) ? null : runForInterval(eventMs, eventMs);
}

/** Restricted to events, a manual run is for the newest event that is not in the future, or else for the first one. */
export function manualEventInstant(spec: Events, atMs: number): number {
  const events = instantsOf(spec);
  if (!spec.restrictToEvents || events.length === 0) return atMs;
  return events[Math.max(0, firstIndexFrom(events, atMs + 1) - 1)]!;
}

function earliestEvent({ startMs, nowMs, catchup }: Restriction): number {
  if (catchup) return startMs ?? -Infinity;
  return Math.max(nowMs, startMs ?? -Infinity);
}

/** Index of the first event that is not before an instant; the length when there is none. */
function firstIndexFrom(events: readonly number[], atMs: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]! < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
