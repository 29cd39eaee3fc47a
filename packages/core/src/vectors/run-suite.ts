import type { VectorSuite, VectorVerdict } from "./suite.ts";

export interface VectorFailure {
  /** 1-based. */
  line: number;
  text: string;
  /** What a run that threw gave instead of a verdict. */
  error?: unknown;
  verdict?: VectorVerdict;
}

export interface VectorReport {
  passed: number;
  failures: VectorFailure[];
}

/** Runs every line of a file of recorded cases. A case that makes our code throw has failed; the others go on. */
export function runSuite(suite: VectorSuite, jsonl: string): VectorReport {
  const report: VectorReport = { passed: 0, failures: [] };
  for (const [index, text] of jsonl.split("\n").entries()) {
    if (text.trim() === "") continue;
    const failure = runCase(suite, text);
    if (failure === null) report.passed++;
    else report.failures.push({ line: index + 1, text, ...failure });
  }
  return report;
}

function runCase(suite: VectorSuite, text: string): Pick<VectorFailure, "error" | "verdict"> | null {
  try {
    const verdict = suite.run(JSON.parse(text));
    return verdict.pass ? null : { verdict };
  } catch (error) {
    return { error };
  }
}
