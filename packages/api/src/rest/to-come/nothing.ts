import { TradewindError } from "@tradewind/core";

/** Of a subject that does not exist here yet, nothing with this id does. */
export function nothingHas(what: string, id: string | number): TradewindError {
  return new TradewindError("not_found", `The ${what} with id: \`${id}\` was not found: Tradewind has no ${what}s yet.`, {
    details: { subject: what, id },
  });
}

/** Making the first one would need the subject itself. */
export function notYet(what: string): TradewindError {
  return new TradewindError("invalid_request", `Tradewind has no ${what} yet: see docs/api-compatibility.md for what is there.`, {
    details: { subject: what },
  });
}
