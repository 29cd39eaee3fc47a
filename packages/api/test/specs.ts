import type { DagSpec } from "@tradewind/core";
import { dagSpec as plainDagSpec } from "@tradewind/core/plain-spec";

export { groupSpec, taskSpec } from "@tradewind/core/plain-spec";

export function dagSpec(dagId: string, fields: Partial<DagSpec> = {}): DagSpec {
  return plainDagSpec({ dagId, ...fields });
}
