import type { ExchangeRequest, ExchangeResponse } from "@tradewind/contract";
import type { GrantedAttempt } from "@tradewind/metadata";

/** One host's part of a batch, and its answer. */
export interface Exchange {
  request: ExchangeRequest;
  response: ExchangeResponse;
}

/** A slot of a host in which an attempt has ended, and the scheduler that the attempt counted against. */
export interface FreedSlot {
  attemptId: string;
  schedulerId: string;
  entry: Exchange;
}

/** An attempt that begins on a host. */
export interface HostGrant {
  entry: Exchange;
  kind: "granted" | "next";
  attempt: GrantedAttempt;
}
