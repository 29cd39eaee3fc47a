export * from "./states.ts";
export * from "./dag-spec.ts";
export * from "./timetable-spec.ts";
export { ERROR_CODES, type ErrorCode } from "./error-codes.ts";
export { assertNever, errorMessage, hasErrorCode, isTradewindError, TradewindError, type TradewindErrorOptions } from "./errors.ts";
