import type { DagWarningResource } from "../client/resources.ts";
import { clientContext } from "../client/client-context.ts";
import type { ServerOptions } from "../program/options.ts";

/** What is wrong with DAGs and does not keep them from running. */
export async function showDagWarnings(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const warnings = await client.list<DagWarningResource>("/api/v2/dagWarnings", "dag_warnings", { order_by: "dag_id" });
  if (output.isJson) output.json(warnings);
  else if (warnings.length === 0) output.note("No DAG has a warning.");
  else
    output.out.write(
      warnings.map((one) => `${output.paint("bold", one.dag_id)}  ${output.paint("dim", one.warning_type)}\n  ${one.message}\n`).join("\n"),
    );
}
