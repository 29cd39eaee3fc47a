import { TradewindError } from "@tradewind/core";
import type { FastifyRequest } from "fastify";
import { addressKey } from "../auth/address-key.ts";

/** Answers without an end of their own that one user has open: each holds a connection and goes on asking, so that nobody may have any number of them. */
export class OpenStreams {
  readonly #what: string;
  readonly #openOf = new Map<string, number>();

  /** @param what what is open so often, as in "has 20 pages open that show changes live" */
  constructor(what: string) {
    this.#what = what;
  }

  /**
   * Counts one more of who asks, until the function that it gives is called; calling it again does nothing.
   * @throws TradewindError `too_many_requests` when `limit` are open
   */
  open({ user, ip }: FastifyRequest, limit: number): () => void {
    const { username, isAnonymous } = user!;
    const holder = isAnonymous === true ? addressKey(ip) : username;
    const open = this.#openOf.get(holder) ?? 0;
    if (open >= limit) {
      throw new TradewindError("too_many_requests", `The user "${username}" has ${open} ${this.#what}: close some.`, {
        details: { open, waitSeconds: 60 },
      });
    }
    this.#openOf.set(holder, open + 1);
    let isOpen = true;
    return () => {
      if (isOpen) this.#close(holder);
      isOpen = false;
    };
  }

  #close(holder: string): void {
    const left = this.#openOf.get(holder)! - 1;
    if (left === 0) this.#openOf.delete(holder);
    else this.#openOf.set(holder, left);
  }
}
