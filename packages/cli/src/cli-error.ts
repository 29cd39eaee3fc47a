import { type ErrorCode, TradewindError } from "@tradewind/core";

/** An error whose exit code and advice the command knows better than the error's code tells. */
export class CliError extends TradewindError {
  readonly exitCode: number;
  /** What to do about it; printed below the message. */
  readonly hint: string | null;

  constructor(code: ErrorCode, message: string, options: { exitCode: number; hint?: string; details?: Record<string, unknown>; cause?: unknown }) {
    super(code, message, { details: options.details, cause: options.cause });
    this.exitCode = options.exitCode;
    this.hint = options.hint ?? null;
  }
}
