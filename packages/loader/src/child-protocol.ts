/**
 * What the pool and its loader children say to each other, over Node's IPC channel.
 *
 * Author code in the child could write to that channel too. So each message of the child carries a secret that the child is told before any author code
 * runs, and that it keeps in a closure; messages without it are dropped.
 */
import type { SpecDefaults } from "tradewind/internal";
import type { OwnPackage } from "./child-program/child-program.ts";

export type ToChild =
  /** `ownPackage`: the child runs a packed program; null: the sources. */
  | { type: "init"; secret: string; maxSpecBytes: number; defaults: SpecDefaults; ownPackage: OwnPackage | null }
  | { type: "load"; loadId: number; bundleUrl: string; code: string; resolveFrom: string[] };

export type FromChild = { secret: string } & (
  | { type: "ready" }
  /** The child could not even load the SDK: a broken installation, no fault of a DAG file. */
  | { type: "unusable"; error: ThrownError }
  | { type: "loaded"; loadId: number; outcome: ChildOutcome; reusable: boolean }
);

export type ChildOutcome = { output: string | null } & (
  | {
      ok: true;
      dags: ChildDag[];
      leftRunning: string[];
      /** Tasks of DAGs that Python files declare, for which the file has handlers. */
      foreignTasks: string[];
    }
  | { ok: false; kind: ChildErrorKind; error: ThrownError }
);

export type ChildErrorKind = "throw" | "unhandled_rejection" | "exit" | "invalid_dag" | "too_large";

export interface ChildDag {
  dagId: string;
  exportName: string;
  /** See `LoadedDag`. */
  yields: boolean;
  /** Canonical JSON. */
  specJson: string;
}

/** An error, or whatever was thrown, as text. */
export interface ThrownError {
  name: string;
  message: string;
  stack: string | null;
  /** Node's or Tradewind's error code. */
  code: string | null;
}
