import type { Pool } from "../api/pools.ts";

/** How a pool's slots are used: parts of the whole, in the order in which tasks go through them. */
export interface PoolUse {
  /** null: without a bound. */
  slots: number | null;
  parts: { name: "running" | "deferred" | "queued"; slots: number; share: number }[];
  open: number;
  waiting: number;
}

/** A pool of -1 slots has no bound: then shares are of what is used. */
export function poolUse({
  slots,
  running_slots: running,
  queued_slots: queued,
  deferred_slots: deferred,
  scheduled_slots: waiting,
  include_deferred: counts,
  open_slots: open,
}: Pool): PoolUse {
  const used = { running, deferred: counts ? deferred : 0, queued };
  const sum = used.running + used.deferred + used.queued;
  const whole = slots < 0 ? Math.max(sum, 1) : Math.max(slots, sum, 1);
  const parts = (["running", "deferred", "queued"] as const).flatMap((name) =>
    used[name] > 0 ? [{ name, slots: used[name], share: used[name] / whole }] : [],
  );
  return { slots: slots < 0 ? null : slots, parts, open: slots < 0 ? Number.POSITIVE_INFINITY : open, waiting };
}
