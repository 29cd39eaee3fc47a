import { createHash } from "node:crypto";
import { canonicalJson, type DagSpec, type TaskSpec } from "@tradewind/core";
import { dagSpec as plainDagSpec } from "@tradewind/core/plain-spec";
import { createFernet, type Fernet, generateFernetKey } from "@tradewind/metadata";

/** What the database says of a DAG: the text of a version, the newest one when none is named. */
export { findDag, findDagSource, listDagWarnings, listImportErrors } from "@tradewind/metadata/rest";
export { type TestDatabase, useTestDatabase } from "@tradewind/metadata/testing";

/** Encrypts with a key that nobody else has. */
export function freshFernet(): Fernet {
  return createFernet(generateFernetKey());
}

/** A task with every option at its default. */
export { taskSpec } from "@tradewind/core/plain-spec";

/** A DAG that runs by hand only, and is not paused. */
export function dagSpec(dagId: string, tasks: TaskSpec[], fields: Partial<DagSpec> = {}): DagSpec {
  return plainDagSpec({ dagId, tasks, isPausedUponCreation: false, ...fields });
}

/** What a dag-processor would tell the engine of a file with this one DAG. */
export function loadedDagFile(spec: DagSpec) {
  const code = `// the bundle of ${spec.dagId}`;
  const specJson = canonicalJson(spec);
  return {
    bundleName: "dags",
    relativePath: `${spec.dagId}.ts`,
    fingerprint: {},
    parseDurationMs: 1,
    resolveFrom: ["/dags"],
    result: {
      ok: true as const,
      bundle: { sha256: sha256(code), code, sourceMap: null },
      source: code,
      dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha256(specJson) }],
    },
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
