import type { ChildPolicy } from "./host-options.ts";

/** What the choice of a child depends on. */
export interface ChildView {
  state: "idle" | "busy" | "ending" | "gone";
  bundles: ReadonlySet<string>;
  memoryLimitMb: number | null;
  sinceAt: number;
}

export interface PlacementRequest {
  bundleKey: string;
  memoryLimitMb: number | null;
  readyAt: number;
}

export interface PlacementSituation<C extends ChildView> {
  /** Children that have, or had, an attempt; a process without a bundle that waits as a spare is not among them. */
  children: readonly C[];
  slots: number;
  cores: number;
  /** Typical time of an attempt lately, in milliseconds. */
  typicalMs: number;
  /** When a child beyond the slots was last started. */
  lastOverflowAt: number;
  now: number;
}

export type Placement<C> =
  | { kind: "use"; child: C }
  /** Start a process (or take the spare one). */
  | { kind: "start" }
  /** End this idle child, and start another in its place. */
  | { kind: "replace"; child: C }
  | { kind: "wait"; atMostMs: number };

/**
 * Which child runs an attempt. Short tasks stay on few children, where they follow each other in a fraction of a millisecond; long ones spread over all slots at once. A process
 * costs tens of milliseconds of a core, so a further one is started only when the attempt would otherwise wait longer than that is worth.
 */
export function placeAttempt<C extends ChildView>(request: PlacementRequest, situation: PlacementSituation<C>, policy: ChildPolicy): Placement<C> {
  const { children, now } = situation;
  const idle = children.filter((child) => child.state === "idle" && child.memoryLimitMb === request.memoryLimitMb);
  const warm = idle.find((child) => child.bundles.has(request.bundleKey)) ?? idle.find((child) => child.bundles.size < policy.bundlesPerChild);
  if (warm !== undefined) return { kind: "use", child: warm };

  const living = children.filter((child) => child.state === "idle" || child.state === "busy");
  if (living.length >= situation.slots) return placeWithoutRoom(request, situation, policy, living);
  const waited = now - request.readyAt;
  const patience = policy.growAfterMs - waited;
  const soonFree = living.some((child) => child.state === "busy" && child.bundles.has(request.bundleKey) && now - child.sinceAt < policy.growAfterMs);
  if (!soonFree) return { kind: "start" };
  // Tasks that only compute for a moment gain nothing from more processes than cores.
  const enough = situation.typicalMs < policy.growAfterMs / 2 && living.length >= Math.max(2, situation.cores);
  if (enough) return { kind: "wait", atMostMs: policy.growAfterMs };
  return patience <= 0 ? { kind: "start" } : { kind: "wait", atMostMs: patience };
}

function placeWithoutRoom<C extends ChildView>(request: PlacementRequest, situation: PlacementSituation<C>, policy: ChildPolicy, living: readonly C[]): Placement<C> {
  const idle = living.filter((child) => child.state === "idle");
  const longestIdle = idle.reduce<C | undefined>((oldest, child) => (oldest === undefined || child.sinceAt < oldest.sinceAt ? child : oldest), undefined);
  if (longestIdle !== undefined) return { kind: "replace", child: longestIdle };
  // The attempt was granted ahead because tasks were short, and now all slots hold long ones. It must not sit on a lease without running, so one process at a time goes beyond the slots.
  const due = Math.max(request.readyAt, situation.lastOverflowAt) + policy.overflowAfterMs - situation.now;
  return due <= 0 ? { kind: "start" } : { kind: "wait", atMostMs: due };
}

/**
 * How many attempts to hold beyond those that run, so that children have work while the next answer of the server is on its way. Zero unless tasks are short.
 */
export function attemptsAhead(situation: { slots: number; cores: number; typicalMs: number; roundTripMs: number }): number {
  const { slots, cores, typicalMs, roundTripMs } = situation;
  if (typicalMs > 25) return 0;
  const lanes = Math.min(slots, Math.max(2, cores));
  return Math.min(32 * lanes, Math.ceil((1.5 * lanes * roundTripMs) / Math.max(0.05, typicalMs)));
}
