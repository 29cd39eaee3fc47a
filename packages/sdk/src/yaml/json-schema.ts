import { z } from "zod";
import { dagSchema } from "./dag-schema.ts";

/** The JSON schema of YAML DAGs (draft 2020-12), for editors and other programs. */
export function dagJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(dagSchema, { io: "input", reused: "ref" });
  return { $schema, title: "A DAG of Tradewind in YAML", ...schema };
}
