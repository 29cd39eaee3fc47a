import { canonicalJson } from "@tradewind/core";
import { answerByEngine } from "./answer-by-engine.ts";
import { type RecordedAnswer, readRunCase } from "./run-cases.ts";

/** Cases that share a database. */
const BATCH = 250;

export interface EngineVectorReport {
  passed: number;
  failures: {
    /** 1-based. */
    line: number;
    text: string;
    verdict: { got: RecordedAnswer[]; expected: RecordedAnswer[]; pass: false };
  }[];
}

/** Puts the recorded runs of a file to the real engine on PostgreSQL. @param every Asks one line in so many */
export async function askEngine(lines: readonly string[], every = 1): Promise<EngineVectorReport> {
  const asked = lines.map((text, index) => ({ text, line: index + 1 })).filter(({ text, line }) => text.trim() !== "" && line % every === 0);
  const report: EngineVectorReport = { passed: 0, failures: [] };
  for (let at = 0; at < asked.length; at += BATCH) {
    const portion = asked.slice(at, at + BATCH);
    const cases = portion.map(({ text, line }) => readRunCase(text, `line_${line}`));
    const answers = await answerByEngine(cases);
    for (const [index, place] of portion.entries()) {
      const [got, expected] = [answers[index]!, cases[index]!.runs.map((run) => run.expected)];
      if (canonicalJson(got) === canonicalJson(expected)) report.passed++;
      else report.failures.push({ ...place, verdict: { got, expected, pass: false } });
    }
  }
  return report;
}
