import type { ChildPolicy } from "./host-options.ts";

/** What the choice of a child depends on. */
export interface ChildView {
  state: "idle" | "busy" | "ending" | "gone";
  bundles: ReadonlySet<string>;
  memoryLimitMb: number | null;
  sinceAt: number;
  /** Still starting, or importing the bundle of its attempt. */
  importing: boolean;
  /** 0: importing means starting. */
  attemptsRun: number;
  /** Whether its process computes, or waits for a core to do so, as the system tells it. */
  isRunnable(): boolean;
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

/** Tasks this short, in milliseconds, are nothing but computing. */
const INSTANT_MS = 1;
/** For so long a process that wants a core, and got none or too little of one, counts as at work: a further process would only take more of it. */
const STARVED_FOR_AT_MOST_MS = 100;
/** A process that runs imports a further bundle in less time than a new one needs to start. */
const FURTHER_IMPORT_MS = 100;
/** An import that takes longer waits for something else than a core. */
const IMPORT_COUNTS_FOR_MS = 2_000;

/**
 * Which child runs an attempt. Short tasks stay on few children, where they follow each other in a fraction of a millisecond; long ones spread over all slots at once. A process
 * costs tens of milliseconds of a core, so a further one is started only when the attempt would otherwise wait longer than that is worth.
 */
export function placeAttempt<C extends ChildView>(request: PlacementRequest, situation: PlacementSituation<C>, policy: ChildPolicy): Placement<C> {
  const { children, now } = situation;
  const idle = children.filter((child) => child.state === "idle" && child.memoryLimitMb === request.memoryLimitMb);
  const waited = now - request.readyAt;
  const lanes = Math.max(2, situation.cores);
  const busy = children.filter((child) => child.state === "busy");
  // More processes than cores only take the cores from each other, however many wait, as long as those that are at work get on, or would if they had a core.
  if (situation.typicalMs < INSTANT_MS && busy.length >= lanes) {
    const moving = busy.filter((child) => isAtWork(child, now - child.sinceAt, policy));
    if (moving.length >= lanes) return { kind: "wait", atMostMs: policy.growAfterMs };
  }
  const hasOrTakes = (child: C) => child.bundles.has(request.bundleKey) || child.bundles.size < policy.bundlesPerChild;
  const warm = idle.find((child) => child.bundles.has(request.bundleKey)) ?? idle.find(hasOrTakes);
  if (warm !== undefined) return { kind: "use", child: warm };

  const living = children.filter((child) => child.state === "idle" || child.state === "busy");
  const usable = living.filter((child) => child.memoryLimitMb === request.memoryLimitMb && hasOrTakes(child));
  if (usable.some((child) => now - child.sinceAt < soonFreeWithinMs(child, policy))) {
    // Tasks that only compute for a moment gain nothing from more processes than cores.
    const enough = situation.typicalMs < policy.growAfterMs / 2 && usable.length >= lanes;
    const patience = policy.growAfterMs - waited;
    if (enough || patience > 0) return { kind: "wait", atMostMs: enough ? policy.growAfterMs : patience };
  }
  // Starting a process keeps a core busy: starting more at once makes none of them ready earlier, and the first that are may show that tasks are short.
  const starting = busy.filter((child) => child.importing && child.attemptsRun === 0 && now - child.sinceAt < IMPORT_COUNTS_FOR_MS);
  if (starting.length >= lanes) return { kind: "wait", atMostMs: policy.growAfterMs };
  return living.length < situation.slots ? { kind: "start" } : placeWithoutRoom(request, situation, policy, living);
}

function isAtWork(child: ChildView, busyMs: number, policy: ChildPolicy): boolean {
  return busyMs < policy.growAfterMs || (busyMs < STARVED_FOR_AT_MOST_MS && child.isRunnable());
}

/** For how long after it got its attempt a busy child is expected to be free in a moment. */
function soonFreeWithinMs(child: ChildView, policy: ChildPolicy): number {
  if (!child.importing) return policy.growAfterMs;
  return child.attemptsRun === 0 ? 0 : FURTHER_IMPORT_MS;
}

function placeWithoutRoom<C extends ChildView>(
  request: PlacementRequest,
  situation: PlacementSituation<C>,
  policy: ChildPolicy,
  living: readonly C[],
): Placement<C> {
  const idle = living.filter((child) => child.state === "idle");
  const longestIdle = idle.reduce<C | undefined>(
    (oldest, child) => (oldest === undefined || child.sinceAt < oldest.sinceAt ? child : oldest),
    undefined,
  );
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
