import type { z } from "zod";
import { RequestProblems, type ValidationProblem } from "./errors.ts";

export type InputPart = "body" | "query" | "path" | "header";

/** The part of the request as its schema says; throws `RequestProblems` (422) that lists everything that is wrong in it. */
export function checkInput<S extends z.ZodType>(part: InputPart, schema: S, value: unknown): z.output<S> {
  const parsed = parse(part, schema, value);
  if (parsed.success) return parsed.data;
  throw new RequestProblems(parsed.error.issues.flatMap((issue) => toProblems(part, issue)));
}

/** JSON.parse takes any depth, what walks through the value afterwards does not. */
function parse<S extends z.ZodType>(part: InputPart, schema: S, value: unknown): z.ZodSafeParseResult<z.output<S>> {
  try {
    return schema.safeParse(value, { reportInput: true });
  } catch (error) {
    if (error instanceof RangeError) throw new RequestProblems([{ type: "recursion_loop", loc: [part], msg: "It is nested too deeply" }]);
    throw error;
  }
}

function toProblems(part: InputPart, issue: z.core.$ZodIssue): ValidationProblem[] {
  const loc = [part, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ type: "extra_forbidden", loc: [...loc, key], msg: "Extra inputs are not permitted" }));
  }
  if (isMissing(issue)) return [{ type: "missing", loc, msg: "Field required" }];
  return [{ type: typeOf(issue), loc, msg: issue.message, ...(part !== "body" && isShort(issue.input) ? { input: issue.input } : {}) }];
}

/** Pydantic's name of what is wrong. */
function typeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_big" && issue.origin !== "number") return issue.origin === "string" ? "string_too_long" : "too_long";
  if (issue.code === "too_small" && issue.origin !== "number") return issue.origin === "string" ? "string_too_short" : "too_short";
  return TYPES[issue.code] ?? "value_error";
}

const TYPES: Partial<Record<z.core.$ZodIssue["code"], string>> = {
  invalid_type: "type_error",
  too_big: "less_than_equal",
  too_small: "greater_than_equal",
  invalid_format: "string_pattern_mismatch",
  invalid_value: "enum",
  invalid_union: "union_error",
};

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.input === undefined && ["invalid_type", "invalid_union", "invalid_value"].includes(issue.code);
}

/** Long values are not sent back; nor is anything of a body, where it may be a password, a token or the value of a variable, and where answers to wrong requests are kept in logs. */
function isShort(input: unknown): boolean {
  return typeof input === "number" || typeof input === "boolean" || (typeof input === "string" && input.length <= 100);
}
