import type { Figures } from "../measure/figures.ts";
import type { Usage } from "../measure/usage.ts";
import type { System, SystemKind, SystemSetup } from "../systems/system.ts";
import type { TradewindOptions, TradewindSystem } from "../systems/tradewind.ts";

/** `small` shows that a shape works, in seconds; its figures say nothing. */
export type Size = "full" | "small";

/** What a shape is run with, for each size and system: the peer's share is scaled down where a run would take minutes, and rates are compared with rates. */
export type Sizes<Parameters> = Record<Size, Record<SystemKind, Parameters>>;

export interface Bench {
  readonly kind: SystemKind;
  pick<Parameters>(sizes: Sizes<Parameters>): Parameters;
  /** Starts an installation of its own; it is stopped when the shape has ended, or before by `close`. */
  start(setup?: SystemSetup): Promise<System>;
  /** One of ours, with what only we have. */
  startTradewind(options: TradewindOptions): Promise<TradewindSystem>;
  /** A progress line for people. */
  readonly say: (text: string) => void;
}

export interface Measured {
  /** How much was run on this system. */
  scale: string;
  figures: Figures;
  /** What the system used while it was measured, by measured part. */
  usage?: Record<string, Usage>;
  details?: Record<string, unknown>;
}

export interface Shape {
  readonly name: string;
  readonly what: string;
  readonly goal: string;
  /** What its figures are bounded by. */
  readonly limits: string;
  /** Both, if it says nothing. */
  readonly onlyTradewind?: boolean;
  /** For one system; afterwards the shape is given up and the next one begins. */
  readonly timeLimitMinutes: number;
  run(bench: Bench): Promise<Measured>;
}
