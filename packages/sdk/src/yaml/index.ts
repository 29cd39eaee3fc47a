/** DAGs written in YAML. A file `*.dag.yaml` is loaded as a module that calls `dagsOfYaml`; nobody else needs to. */
import type { Dag } from "../dag.ts";
import { buildDag } from "./build-dag.ts";
import { checkDocument } from "./problems.ts";
import { parseYaml } from "./yaml-document.ts";

export { dagJsonSchema } from "./json-schema.ts";

/**
 * The DAGs of a YAML file, one per document.
 * @throws TradewindError `invalid_dag`; its stack has the place in the file, as `yaml:LINE:COLUMN`
 */
export function dagsOfYaml(text: string): Dag[] {
  return parseYaml(text).map((document) => buildDag(document, checkDocument(document)));
}
