import { canonicalJson, isTradewindError, TradewindError, validateDagSpec } from "@tradewind/core";
import { type AnyDag, blamingDag, collectDags, foreignTasksOf, type SpecDefaults, toSpec, UNREGISTERED_PREFIX } from "tradewind/internal";
import type { ChildDag, ChildErrorKind } from "./child-protocol.ts";

export type DagsOfExports = { ok: true; dags: ChildDag[]; foreignTasks: string[] } | { ok: false; kind: ChildErrorKind; error: unknown };

export interface ReadDagsOptions {
  maxSpecBytes: number;
  defaults: SpecDefaults;
}

/** The DAGs a file exports, as checked specs in canonical JSON. Runs in the loader child. */
export function dagsOfExports(exports: Record<string, unknown>, { maxSpecBytes, defaults }: ReadDagsOptions): DagsOfExports {
  try {
    const dags = collectDags(exports).map((dag): ChildDag => {
      const spec = blamingDag(dag, () => validateDagSpec(toSpec(dag, defaults)));
      const name = exportNameOf(dag, exports);
      const yields = name.startsWith(UNREGISTERED_PREFIX);
      return { dagId: spec.dagId, exportName: yields ? name.slice(UNREGISTERED_PREFIX.length) : name, yields, specJson: canonicalJson(spec) };
    });
    const tooBig = dags.find(({ specJson }) => Buffer.byteLength(specJson) > maxSpecBytes);
    return tooBig === undefined
      ? { ok: true, dags, foreignTasks: [...foreignTasksOf(exports)] }
      : { ok: false, kind: "too_large", error: tooLarge(tooBig, maxSpecBytes) };
  } catch (error) {
    // Anything else is the doing of a file that broke what reading it needs.
    return { ok: false, kind: isTradewindError(error) ? "invalid_dag" : "throw", error };
  }
}

/** The first export, by name, that is the DAG or holds it. */
function exportNameOf(dag: AnyDag, exports: Record<string, unknown>): string {
  const holds = (value: unknown) => value === dag || (typeof value === "object" && value !== null && Object.values(value).includes(dag));
  return Object.keys(exports).find((name) => holds(exports[name])) ?? "default";
}

function tooLarge({ dagId, specJson }: ChildDag, limit: number): TradewindError {
  const bytes = Buffer.byteLength(specJson);
  return new TradewindError(
    "payload_too_large",
    `The spec of DAG "${dagId}" has ${bytes} bytes, ${limit} are allowed. Constants given to tasks are part of the spec: let a task read big data, and map over its result instead of defining a task for each item.`,
    { details: { dagId, bytes, limit } },
  );
}
