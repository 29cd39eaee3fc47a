import { TradewindError } from "@tradewind/core";
import type { Dag } from "./dag.ts";
import { DAG, DEFINITION_VERSION } from "./definition.ts";
import { blaming, definitionError } from "./definition-error.ts";
import type { ParamDefinitions } from "./params.ts";

/** A DAG with whatever params. */
export type AnyDag = Dag<ParamDefinitions>;

/** True for a `Dag` of this and of any other loaded copy of this package. */
export function isDag(value: unknown): value is AnyDag {
  return typeof value === "object" && value !== null && DAG in value;
}

/**
 * The DAGs that a file exports: each export that is a `Dag`, or a list or a plain object of them, the default export too. A DAG that is exported twice counts once.
 * @param moduleExports The module namespace object.
 * @throws TradewindError `invalid_dag` when two different DAGs have the same id, or a DAG was made by a copy of this package that is too different
 */
export function collectDags(moduleExports: object): AnyDag[] {
  const found = new Set<AnyDag>();
  for (const value of Object.values(moduleExports)) {
    for (const candidate of candidatesIn(value)) if (isDag(candidate)) found.add(candidate);
  }
  const byId = new Map<string, AnyDag>();
  for (const dag of found) {
    assertUnderstood(dag);
    if (byId.has(dag.dagId)) {
      throw definitionError(
        `This file exports two DAGs with the id "${dag.dagId}". Give one of them another id; in a loop, make the id from what differs.`,
        { dagId: dag.dagId },
      );
    }
    byId.set(dag.dagId, dag);
  }
  return [...byId.values()];
}

function candidatesIn(exported: unknown): unknown[] {
  if (typeof exported !== "object" || exported === null || isDag(exported)) return [exported];
  if (Array.isArray(exported)) return exported;
  const prototype: unknown = Object.getPrototypeOf(exported);
  return prototype === null || prototype === Object.prototype ? Object.values(exported) : [];
}

function assertUnderstood(dag: AnyDag): void {
  // Of another release, whatever the type says.
  const version: number = dag[DAG].version;
  if (version === DEFINITION_VERSION) return;
  throw new TradewindError(
    "protocol_mismatch",
    `DAG "${dag.dagId}" was made by a release of "tradewind" that writes format ${version}; this installation reads format ${DEFINITION_VERSION}. Install the same release in the project.`,
    {
      details: { dagId: dag.dagId, found: version, expected: DEFINITION_VERSION },
    },
  );
}

/** Runs checks of a DAG: what they throw points at the line where the DAG is made, unless it names a line of its own. */
export function blamingDag<T>(dag: AnyDag, check: () => T): T {
  return blaming(dag[DAG].site, check);
}
