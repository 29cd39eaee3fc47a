import { TradewindError } from "@tradewind/core";
import type { z } from "zod";

/** The body as its schema says, or `validation_failed` (422) that lists each member and what was expected there. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.map(String), message: issue.message }));
  const list = issues.map(({ path, message }) => `${path.length === 0 ? "body" : path.join(".")}: ${message}`).join("; ");
  throw new TradewindError("validation_failed", `The request's body is not acceptable: ${list}.`, { details: { issues } });
}
