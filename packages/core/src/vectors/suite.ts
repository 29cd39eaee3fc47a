/** What one recorded case came to. `got` and `expected` are JSON, shown to people when they differ. */
export interface VectorVerdict {
  got: unknown;
  expected: unknown;
  pass: boolean;
}

/**
 * Runs the cases of one file of recorded answers. A suite is pure: it gets a case as parsed JSON and asks our code the same question, so the same suite
 * serves `npm run vectors`, the tests, and a copy of the file from elsewhere.
 */
export interface VectorSuite {
  /** Name of the file, without its folder: "timetables.jsonl". */
  file: string;
  run(vectorCase: unknown): VectorVerdict;
}
