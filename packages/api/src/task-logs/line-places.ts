/** Where a line of a file begins. */
export interface LinePlace {
  line: number;
  byte: number;
}

/** One place in so many lines is remembered. */
const STEP_LINES = 1000;
/** Files whose places are remembered: those that somebody reads just now. */
const MOST_FILES = 256;

export interface LinePlaces {
  /** The last known place at or before a line. */
  before(path: string, line: number): LinePlace;
  note(path: string, place: LinePlace): void;
}

const START: LinePlace = { line: 0, byte: 0 };

/**
 * Where lines of files begin, as far as they were read before: a reader that comes back for the next page starts there, and not at the beginning. The files only grow, so what is known stays
 * true; of too many files, the one that was first read longest ago is forgotten.
 */
export function createLinePlaces(): LinePlaces {
  const files = new Map<string, { steps: LinePlace[]; last: LinePlace }>();
  return {
    before(path, line) {
      const known = files.get(path);
      if (known === undefined) return START;
      if (known.last.line <= line) return known.last;
      return known.steps[Math.min(Math.floor(line / STEP_LINES), known.steps.length - 1)] ?? START;
    },
    note(path, place) {
      let known = files.get(path);
      if (known === undefined) {
        files.set(path, (known = { steps: [START], last: START }));
        if (files.size > MOST_FILES) files.delete(files.keys().next().value!);
      }
      if (place.line === known.steps.length * STEP_LINES) known.steps.push(place);
      if (place.line > known.last.line) known.last = place;
    },
  };
}
