import { TradewindError } from "@tradewind/core";
import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { exitCodeOf, formatError } from "./error-report.ts";

const terminal = { hasColours: false };

test("an error is a paragraph: what happened, and what to do", () => {
  const error = new CliError("timeout", "No server answers.", { exitCode: 3, hint: "Start one." });
  expect(formatError(error, { json: false, terminal, showStack: false })).toBe("Error: No server answers.\nStart one.\n");
  expect(exitCodeOf(error)).toBe(3);
});

test("for programs it is one line of JSON", () => {
  const error = new CliError("dag_not_found", "No DAG.", { exitCode: 5, hint: "Look.", details: { dagId: "x" } });
  expect(JSON.parse(formatError(error, { json: true, terminal, showStack: false }))).toEqual({
    error: { code: "dag_not_found", message: "No DAG.", hint: "Look.", details: { dagId: "x" } },
  });
});

test("a fault of ours comes with its stack, whoever sees it", () => {
  const text = formatError(new TypeError("oops"), { json: false, terminal, showStack: false });
  expect(text).toContain("error-report.test");
  expect(formatError(new TradewindError("dag_not_found", "No."), { json: false, terminal, showStack: false })).not.toContain("error-report.test");
});

test.each([
  ["invalid_config", 2],
  ["database_unavailable", 3],
  ["unauthenticated", 4],
  ["dag_not_found", 5],
  ["conflict", 1],
] as const)("%s ends with %d", (code, expected) => {
  expect(exitCodeOf(new TradewindError(code, "x"))).toBe(expected);
});
