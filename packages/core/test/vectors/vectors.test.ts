import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { vectorSuites } from "../../src/vectors/index.ts";
import { runSuite } from "../../src/vectors/run-suite.ts";

const data = join(import.meta.dirname, "data");

describe("recorded answers of Airflow", () => {
  it.each(vectorSuites.map((suite) => [suite.file, suite] as const))("%s: every answer is ours too", (file, suite) => {
    const report = runSuite(suite, readFileSync(join(data, file), "utf8"));
    expect(report.failures.slice(0, 5)).toEqual([]);
    expect(report.passed).toBeGreaterThan(100);
  });

  it("every recorded file has a suite", () => {
    const recorded = readdirSync(data).filter((file) => file.endsWith(".jsonl"));
    expect(vectorSuites.map(({ file }) => file).toSorted()).toEqual(recorded.toSorted());
  });

  it.each(vectorSuites.map((suite) => [suite.file, suite] as const))("%s: a changed answer is noticed", (file, suite) => {
    const lines = readFileSync(join(data, file), "utf8").trim().split("\n").slice(0, 40);
    const swapped = lines.map((line, index) => withExpectationOf(line, lines[(index + 7) % lines.length]!));
    expect(runSuite(suite, swapped.join("\n")).failures.length).toBeGreaterThan(0);
  });

  it("a case that cannot be run has failed, and the others go on", () => {
    const suite = vectorSuites.find(({ file }) => file === "timetables.jsonl")!;
    const good = readFileSync(join(data, suite.file), "utf8").split("\n")[0]!;
    const bad = `{"timetable":{"kind":"cron-trigger","cron":"0 99 * * *","timezone":"UTC"},"catchup":true,"count":1,"now":"2026-01-01T00:00:00Z","runAfter":"2026-01-01T00:00:00Z"}`;
    const report = runSuite(suite, `${bad}\nnot json\n${good}\n`);
    expect(report.passed).toBe(1);
    expect(report.failures.map(({ line }) => line)).toEqual([1, 2]);
    expect(report.failures[0]!.error).toMatchObject({ code: "invalid_timetable" });
  });
});

/** The question of one case with the answer of another. */
function withExpectationOf(line: string, other: string): string {
  const question = JSON.parse(line) as Record<string, unknown>;
  const answer = JSON.parse(other) as Record<string, unknown>;
  for (const field of ["expect", "verdict"]) if (field in question) question[field] = answer[field];
  return JSON.stringify(question);
}
