import { inspect } from "node:util";
import type { ThrownError } from "./child-protocol.ts";

const MAX_TEXT = 20_000;
const MAX_CAUSES = 3;

/** Author code may throw anything: no Error at all, or one whose properties throw when they are read. */
export function describeThrown(thrown: unknown): ThrownError {
  try {
    return isErrorLike(thrown)
      ? describeError(thrown)
      : { name: "thrown value", message: clip(inspect(thrown, { depth: 2 })), stack: null, code: null };
  } catch {
    return { name: "Error", message: "Something was thrown that cannot be shown.", stack: null, code: null };
  }
}

interface ErrorLike {
  name?: unknown;
  message: unknown;
  stack: unknown;
  cause?: unknown;
  code?: unknown;
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown;
}

function describeError(error: ErrorLike): ThrownError {
  const { name, message, code } = error;
  return {
    name: clip(asText(name)),
    message: clip(asText(message)),
    stack: clip(stackWithCauses(error)),
    code: typeof code === "string" ? code : null,
  };
}

function stackWithCauses(error: ErrorLike): string {
  let text = asText(error.stack);
  let { cause } = error;
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined && cause !== null; depth++) {
    text += `\nCaused by: ${isErrorLike(cause) ? asText(cause.stack) : inspect(cause, { depth: 1 })}`;
    cause = isErrorLike(cause) ? cause.cause : undefined;
  }
  return text;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { depth: 1 });
}

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
